# SPDX-License-Identifier: Apache-2.0
"""The filter's binaries and how they are built."""

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
FILTER = ROOT / "filter"
RELEASED = FILTER / "dist" / "http-trace-filter.wasm"


def zig(*arguments: str, folder: Path = FILTER) -> "subprocess.CompletedProcess[str]":
    """Runs the pinned Zig; its output is the message when it fails."""
    done = subprocess.run(
        [sys.executable, "-m", "ziglang", *arguments],
        cwd=folder,
        env=dict(os.environ, NO_COLOR="1"),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout
    return done


def build(folder: Path, target: Path, *options: str) -> Path:
    zig("build", "--prefix", str(target), *options, folder=folder)
    return target / "bin" / "http-trace-filter.wasm"
