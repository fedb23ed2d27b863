# SPDX-License-Identifier: Apache-2.0
"""What a wasm file says about itself, read without running it.

Sources: WebAssembly core specification 1.0, section 5 (binary format);
https://github.com/proxy-wasm/spec (exports that tell the ABI version).
"""

from __future__ import annotations

import base64
import hashlib
from dataclasses import dataclass
from functools import cached_property

from .errors import InputError

MAGIC = b"\0asm\x01\0\0\0"
ABI_EXPORTS = ("proxy_abi_version_0_1_0", "proxy_abi_version_0_2_0", "proxy_abi_version_0_2_1")
ALLOCATORS = ("proxy_on_memory_allocate", "malloc")
_VARIABLE = "wasm_filter_binary_path"
_IMPORT_SECTION, _EXPORT_SECTION, _FUNCTION = 2, 7, 0


@dataclass(frozen=True)
class WasmModule:
    """A proxy-wasm filter.

    `capabilities`: the host functions it imports and the callbacks it exports, which is what
    Envoy's capability_restriction_config has to allow.
    """

    content: bytes
    sha256: str
    capabilities: tuple[str, ...]

    @property
    def size(self) -> int:
        return len(self.content)

    @cached_property
    def base64(self) -> str:
        """Once for all objects that hold it."""
        return base64.b64encode(self.content).decode()


def read(content: bytes, path: str) -> WasmModule:
    """Check a binary; how large it may be is the delivery's matter.

    :raises InputError: not wasm, or not a proxy-wasm filter; the text says which.
    """
    if not content.startswith(MAGIC):
        raise InputError(_VARIABLE, path, "is not a WebAssembly 1.0 module: it does not begin with \\0asm 01 00 00 00")
    try:
        sections = dict(_sections(content))
        imports = _imports(sections.get(_IMPORT_SECTION, b"\0"))
        exports = _exports(sections.get(_EXPORT_SECTION, b"\0"))
    except (IndexError, ValueError):
        raise InputError(_VARIABLE, path, "is a damaged WebAssembly module: a section ends too early") from None
    if not any(name in exports for name in ABI_EXPORTS):
        raise InputError(_VARIABLE, path, f"is not a proxy-wasm filter: it exports none of {', '.join(ABI_EXPORTS)}")
    if not any(name in exports for name in ALLOCATORS):
        raise InputError(_VARIABLE, path, f"is not a proxy-wasm filter: it exports none of {', '.join(ALLOCATORS)}")
    callbacks = {name for name in exports if name.startswith("proxy_on_")} - set(ALLOCATORS)
    return WasmModule(content, hashlib.sha256(content).hexdigest(), tuple(sorted({*imports, *callbacks})))


class _Reader:
    """A cursor that never runs past its end: IndexError instead."""

    def __init__(self, data: bytes, at: int = 0) -> None:
        self.data, self.at = data, at

    def byte(self) -> int:
        value = self.data[self.at]
        self.at += 1
        return value

    def number(self) -> int:
        """Unsigned LEB128 of at most 32 bits."""
        value = 0
        for shift in range(0, 35, 7):
            byte = self.byte()
            value |= (byte & 0x7F) << shift
            if not byte & 0x80:
                return value
        raise ValueError("LEB128 over 32 bits")

    def take(self, length: int) -> bytes:
        if self.at + length > len(self.data):
            raise IndexError(length)
        self.at += length
        return self.data[self.at - length : self.at]

    def name(self) -> str:
        return self.take(self.number()).decode()


def _sections(content: bytes) -> list[tuple[int, bytes]]:
    reader = _Reader(content, len(MAGIC))
    found = []
    while reader.at < len(content):
        section = reader.byte()
        found.append((section, reader.take(reader.number())))
    return found


def _limits(reader: _Reader) -> None:
    flags = reader.byte()
    reader.number()
    if flags & 1:
        reader.number()


def _imports(section: bytes) -> tuple[str, ...]:
    reader = _Reader(section)
    names = []
    for _index in range(reader.number()):
        reader.name()
        field = reader.name()
        kind = reader.byte()
        if kind == _FUNCTION:
            reader.number()
            names.append(field)
        elif kind == 1:
            reader.byte()
            _limits(reader)
        elif kind == 2:
            _limits(reader)
        else:
            reader.take(2)
    return tuple(sorted(set(names)))


def _exports(section: bytes) -> set[str]:
    reader = _Reader(section)
    names = set()
    for _index in range(reader.number()):
        field = reader.name()
        if reader.byte() == _FUNCTION:
            names.add(field)
        reader.number()
    return names
