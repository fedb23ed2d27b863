# SPDX-License-Identifier: Apache-2.0
"""The wire form of header maps (proxy-wasm): u32 count, count x (u32, u32) lengths, then NUL-ended texts."""

import struct
from collections.abc import Iterable

Pair = tuple[bytes, bytes]


def encode_pairs(pairs: Iterable[Pair]) -> bytes:
    listed = list(pairs)
    lengths = b"".join(struct.pack("<II", len(name), len(value)) for name, value in listed)
    texts = b"".join(name + b"\0" + value + b"\0" for name, value in listed)
    return struct.pack("<I", len(listed)) + lengths + texts


def decode_pairs(wire: bytes) -> list[Pair]:
    (count,) = struct.unpack_from("<I", wire)
    lengths = [struct.unpack_from("<II", wire, 4 + 8 * index) for index in range(count)]
    at = 4 + 8 * count
    pairs = []
    for name_length, value_length in lengths:
        texts = []
        for length in (name_length, value_length):
            text, end = wire[at : at + length], wire[at + length]
            if len(text) != length or end != 0:
                raise ValueError("header map does not add up")
            texts.append(text)
            at += length + 1
        pairs.append((texts[0], texts[1]))
    if at != len(wire):
        raise ValueError(f"{len(wire) - at} bytes behind the header map")
    return pairs
