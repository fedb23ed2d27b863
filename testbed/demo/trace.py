# SPDX-License-Identifier: Apache-2.0
"""A trace as the backend received it, and how it is shown. Formats only; nothing here reads or prints."""

from __future__ import annotations

import base64
import binascii
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

WIDTH = 96
"""Of what is shown in full; with its indent it fits into 100 columns."""
COLUMNS = "{time:12}  {source:12}  {to:12}  {method:6} {path:29} {status:>6}  {sent:>5} {got:>5}"
HEAD = COLUMNS.format(
    time="time", source="from", to="to", method="method", path="path", status="status", sent="sent", got="got"
)

Name = Callable[[str], str]
"""What an address is called."""


@dataclass(frozen=True)
class Trace:
    received: float
    document: dict[str, Any]

    def text(self, *keys: str) -> str:
        value: Any = self.document
        for key in keys:
            value = value.get(key, "") if isinstance(value, dict) else ""
        return str(value)

    @property
    def source(self) -> str:
        return self.text("source_address")

    @property
    def destination(self) -> str:
        return self.text("destination_address")

    @property
    def request_body(self) -> bytes:
        return decoded(self.text("scnt_request", "body"))

    @property
    def response_body(self) -> bytes:
        return decoded(self.text("scnt_response", "body"))

    @property
    def has_body(self) -> bool:
        return bool(self.request_body or self.response_body)

    @property
    def telling(self) -> int:
        """How much there is to see in it: the demo shows the most telling one in full."""
        path = self.text("scnt_request", "path")
        return 2 * ("redacted" in path) + bool(self.request_body) + bool(self.response_body)


def line(trace: Trace, name: Name) -> str:
    clock = time.strftime("%H:%M:%S", time.localtime(trace.received)) + f"{trace.received % 1:.3f}"[1:5]
    return COLUMNS.format(
        time=clock,
        source=cut(name(trace.source), 12),
        to=cut(name(trace.destination), 12),
        method=trace.text("scnt_request", "method"),
        path=cut(trace.text("scnt_request", "path"), 29),
        status=trace.text("scnt_response", "status_code"),
        sent=size(trace.request_body),
        got=size(trace.response_body),
    )


def in_full(trace: Trace, name: Name) -> list[str]:
    """Key by key, with the bodies decoded and the addresses named."""
    return [cut(text, WIDTH) for text in _entries(trace.document, 0, name)]


def _entries(entries: dict[str, Any], depth: int, name: Name) -> Iterator[str]:
    indent = "  " * depth
    for key, value in entries.items():
        if isinstance(value, dict):
            yield f"{indent}{key}"
            yield from _entries(value, depth + 1, name)
        elif key == "headers" and isinstance(value, list):
            yield f"{indent}{key}"
            yield from (f"{indent}  {': '.join(map(str, pair))}" for pair in value)
        elif key == "body":
            yield from _body(decoded(str(value)), indent)
        elif key in ("source_address", "destination_address"):
            yield f"{indent}{key:20} {value}  ({name(str(value))})"
        else:
            shown = str(value).lower() if isinstance(value, bool) else value
            yield f"{indent}{key:{20 - len(indent)}} {shown}"


def _body(content: bytes, indent: str) -> Iterator[str]:
    lines = content.decode(errors="replace").splitlines()
    if not content or "\ufffd" in "".join(lines) or not all(part.isprintable() for part in lines):
        yield f"{indent}{'body':{20 - len(indent)}} {f'{len(content)} bytes, not text' if content else '(none)'}"
        return
    yield f"{indent}body"
    yield from (f"{indent}  {part}" for part in lines)


def decoded(body: str) -> bytes:
    try:
        return base64.b64decode(body, validate=True)
    except (binascii.Error, ValueError):
        return body.encode()


def size(content: bytes) -> str:
    count = len(content)
    if count < 10_000:
        return f"{count} B" if count else "-"
    return f"{count / 1000:.0f} kB" if count < 1_000_000 else f"{count / 1e6:.1f} MB"


def cut(text: str, width: int) -> str:
    """What somebody sent in a path or a header must not steer the terminal."""
    text = "".join(letter if letter.isprintable() else "?" for letter in text)
    return text if len(text) <= width else text[: width - 2] + ".."
