"""What a wasm file says about itself, read without running it.

Sources: WebAssembly core specification 1.0, section 5 (binary format);
https://github.com/proxy-wasm/spec (exports that tell the ABI version).
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

from .errors import InputError
from .plan import Binary

MAGIC = b"\0asm\x01\0\0\0"
ABI_EXPORTS = ("proxy_abi_version_0_1_0", "proxy_abi_version_0_2_0", "proxy_abi_version_0_2_1")
ALLOCATORS = ("proxy_on_memory_allocate", "malloc")
# The API server refuses a ConfigMap whose data is over 1 MiB; the EnvoyFilter lies in there too.
CONFIG_MAP_BYTES_MAX = 1024 * 1024 - 64 * 1024
# An inline filter is sent to every proxy of a namespace, in base64, over one stream.
INLINE_BYTES_MAX = 256 * 1024
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


def read(content: bytes, path: str, delivery: str) -> WasmModule:
    """Check a binary for one delivery.

    :raises InputError: not wasm, not a proxy-wasm filter, or too large; the text says which.
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
    _check_size(len(content), path, delivery)
    callbacks = {name for name in exports if name.startswith("proxy_on_")} - set(ALLOCATORS)
    return WasmModule(content, hashlib.sha256(content).hexdigest(), tuple(sorted({*imports, *callbacks})))


def read_planned(binary: Binary, delivery: str) -> WasmModule:
    """The file that a plan was made for.

    :raises InputError: it can't be read, or is another one by now.
    """
    try:
        module = read(Path(binary.path).read_bytes(), binary.path, delivery)
    except OSError as error:
        raise InputError(_VARIABLE, binary.path, f"can't be read: {error.strerror}") from None
    if module.sha256 != binary.sha256:
        raise InputError(
            _VARIABLE,
            binary.path,
            f"has changed since the run was planned: its sha256 is {module.sha256}, that of the plan {binary.sha256}",
        )
    return module


def _check_size(size: int, path: str, delivery: str) -> None:
    if size > CONFIG_MAP_BYTES_MAX:
        raise InputError(_VARIABLE, path, f"has {size} bytes; a ConfigMap takes at most {CONFIG_MAP_BYTES_MAX}")
    if delivery == "inline" and size > INLINE_BYTES_MAX:
        raise InputError(
            _VARIABLE,
            path,
            f"has {size} bytes; wasm_filter_delivery=inline sends a copy to every proxy and takes at most "
            f"{INLINE_BYTES_MAX}: use wasm_filter_delivery=configmap",
        )


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
