# SPDX-License-Identifier: Apache-2.0
"""The filter with a fault of its own: built from a copy of its sources, with a trap at the start of one callback."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

from tests.filter.builds import FILTER, build

ASKED_FOR = 'if (@import("std").mem.indexOf(u8, abi.headerValue(.request, ":path"), "trap-now") != null) '


def in_requests(folder: Path) -> Path:
    """It traps at a request whose path has `trap-now` in it."""
    return _built(folder, "proxy_on_request_headers", ASKED_FOR)


def in_ticks(folder: Path) -> Path:
    """It traps at its first tick."""
    return _built(folder, "proxy_on_tick", "if (root != 0) ")


def _built(folder: Path, callback: str, condition: str) -> Path:
    sources = folder / callback
    shutil.copytree(FILTER, sources, ignore=shutil.ignore_patterns(".zig-cache", "zig-out", "dist"))
    main = sources / "src" / "main.zig"
    start = re.compile(rf"export fn {callback}\(.*\{{\n")
    text, count = start.subn(lambda found: f"{found[0]}    {condition}@trap();\n", main.read_text())
    assert count == 1, f"{callback} is not where it was in main.zig"
    main.write_text(text)
    return build(sources, folder / f"{callback}-out")
