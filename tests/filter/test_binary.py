# SPDX-License-Identifier: Apache-2.0
"""The released file itself: what it needs of a host, how big it is, and that anybody can build it again."""

import shutil
from pathlib import Path

import wasmtime

from tests.filter.builds import FILTER, RELEASED, build
from tests.filter.host.machine import PARAMETERS, Machine

EXPORTS = {
    "memory",
    "proxy_abi_version_0_2_1",
    "proxy_on_memory_allocate",
    "proxy_on_context_create",
    "proxy_on_configure",
    "proxy_on_tick",
    "proxy_on_request_headers",
    "proxy_on_request_body",
    "proxy_on_response_headers",
    "proxy_on_response_body",
    "proxy_on_response_trailers",
    "proxy_on_done",
    "proxy_on_http_call_response",
}


def test_imports_and_exports(released: Path) -> None:
    module = wasmtime.Module.from_file(wasmtime.Engine(), str(released))
    assert {(entry.module, entry.name) for entry in module.imports} == {("env", name) for name in PARAMETERS}
    assert {entry.name for entry in module.exports} == EXPORTS


def test_size_and_memory(released: Path) -> None:
    assert released.stat().st_size <= 40 * 1024
    module = wasmtime.Module.from_file(wasmtime.Engine(), str(released))
    memory = next(entry.type for entry in module.exports if entry.name == "memory")
    assert isinstance(memory, wasmtime.MemoryType)
    # 16 MiB and never a page more: it cannot grow.
    assert (memory.limits.min, memory.limits.max) == (256, 256)
    assert Machine(released).memory_bytes == 16 * 1024 * 1024


def test_the_same_bytes_in_any_directory(released: Path, tmp_path: Path) -> None:
    for name in ("one", "another/and deeper"):
        copy = tmp_path / name
        shutil.copytree(FILTER, copy, ignore=shutil.ignore_patterns(".zig-cache", "zig-out", "dist"))
        assert build(copy, tmp_path / "out").read_bytes() == released.read_bytes(), (
            f"{RELEASED} is not what the sources give: cd filter && python -m ziglang build dist"
        )
