# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import base64
import contextlib
import hashlib

import pytest
from ansible_collections.openclarity.wasm_filters.plugins.module_utils.domain.errors import InputError
from ansible_collections.openclarity.wasm_filters.plugins.module_utils.domain.wasm_module import (
    MAGIC,
    WasmModule,
    read,
)
from hypothesis import example, given
from hypothesis import strategies as st

from tests.unit.objects import BINARY

RELEASED = BINARY.read_bytes()


def number(value: int) -> bytes:
    """Unsigned LEB128."""
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*out, value])


def name(text: str) -> bytes:
    return number(len(text)) + text.encode()


def section(kind: int, entries: list[bytes]) -> bytes:
    content = number(len(entries)) + b"".join(entries)
    return bytes([kind]) + number(len(content)) + content


def function(text: str) -> bytes:
    return name(text) + b"\0" + number(0)


def module(imports: list[bytes] | None = None, exports: list[str] | None = None) -> bytes:
    wanted = ["proxy_abi_version_0_2_1", "malloc"] if exports is None else exports
    return MAGIC + section(2, imports or []) + section(7, [function(text) for text in wanted])


def test_the_released_binary() -> None:
    binary = read(RELEASED, "x.wasm")
    assert binary.sha256 == hashlib.sha256(RELEASED).hexdigest()
    assert binary.size == len(RELEASED)
    assert {"proxy_on_configure", "proxy_on_done", "proxy_log", "proxy_http_call"} <= set(binary.capabilities)
    assert "proxy_on_memory_allocate" not in binary.capabilities
    assert list(binary.capabilities) == sorted(set(binary.capabilities))


def test_capabilities_are_host_functions_and_callbacks() -> None:
    imports = [
        b"\3env" + name("proxy_log") + b"\0" + number(200),
        b"\3env" + name("table") + b"\1\x70\0" + number(1),
        b"\3env" + name("memory") + b"\2\1" + number(1) + number(2),
        b"\3env" + name("global") + b"\3\x7f\0",
        b"\3env" + name("proxy_http_call") + b"\0" + number(0),
    ]
    exports = ["proxy_abi_version_0_2_0", "proxy_on_memory_allocate", "proxy_on_tick", "helper"]
    binary = read(module(imports, exports), "x.wasm")
    assert binary.capabilities == ("proxy_http_call", "proxy_log", "proxy_on_tick")


@pytest.mark.parametrize("content", [b"", b"\0asm", b"\0asm\2\0\0\0", b"#!/bin/sh\n", b"version https://git-lfs"])
def test_what_is_no_wasm_says_so(content: bytes) -> None:
    with pytest.raises(InputError, match=r"wasm_filter_binary_path='x.wasm': is not a WebAssembly 1.0 module"):
        read(content, "x.wasm")


@pytest.mark.parametrize(
    "exports", [[], ["malloc"], ["proxy_abi_version_0_2_1"], ["proxy_abi_version_9_9_9", "malloc"]]
)
def test_wasm_that_is_no_filter_says_so(exports: list[str]) -> None:
    with pytest.raises(InputError, match="is not a proxy-wasm filter"):
        read(module(exports=exports), "x.wasm")


def test_an_export_that_is_no_function_does_not_count() -> None:
    memory = name("malloc") + b"\2" + number(0)
    content = MAGIC + section(7, [function("proxy_abi_version_0_2_1"), memory])
    with pytest.raises(InputError, match="malloc"):
        read(content, "x.wasm")


def test_truncated_anywhere_it_is_refused_and_nothing_else_is_raised() -> None:
    accepted = []
    for length in range(len(RELEASED)):
        try:
            read(RELEASED[:length], "x.wasm")
            accepted.append(length)
        except InputError:
            pass
    # A cut between two sections after the exports is a shorter module.
    assert len(accepted) <= 8


@given(st.binary(max_size=200))
@example(b"\2\xff\xff\xff\xff\x0f")
@example(b"\2\6\xff\xff\xff\xff\xff\xff")
@example(b"\7\5\1\1\xff\0\0")
def test_any_bytes_after_the_magic(rest: bytes) -> None:
    with contextlib.suppress(InputError):
        assert isinstance(read(MAGIC + rest, "x.wasm"), WasmModule)


@given(st.lists(st.tuples(st.integers(8, len(RELEASED) - 1), st.integers(0, 255)), min_size=1, max_size=20))
def test_any_bytes_changed(changes: list[tuple[int, int]]) -> None:
    content = bytearray(RELEASED)
    for at, value in changes:
        content[at] = value
    with contextlib.suppress(InputError):
        read(bytes(content), "x.wasm")


def test_a_number_of_more_than_32_bits_is_damage() -> None:
    # An export section whose count of 0 is written in six bytes.
    content = module() + b"\7\6\x80\x80\x80\x80\x80\0"
    with pytest.raises(InputError, match="damaged"):
        read(content, "x.wasm")


def test_its_text_for_manifests_is_made_once() -> None:
    found = read(RELEASED, "x.wasm")
    assert base64.b64decode(found.base64) == RELEASED
    assert found.base64 is found.base64
