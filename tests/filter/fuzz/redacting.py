# SPDX-License-Identifier: Apache-2.0
"""What of a body may leave: written from filter/README.md, over the whole of it at once. Python's own json judges it in
tests/filter/test_body_redaction.py."""

import json
import re
from collections.abc import Callable
from dataclasses import dataclass, field

from tests.filter.builds import FILTER

_SCHEMA = json.loads((FILTER / "configuration.schema.json").read_text())["properties"]
DEFAULT = [name.encode() for name in _SCHEMA["redact_body_fields"]["default"]]
PLACEHOLDER = b"[redacted]"
PATH_MAX = 1024
DEPTH_MAX = 64
_SPACE = re.compile(rb"[ \t\r\n\x1e\xef\xbb\xbf]*")
_WORD = re.compile(rb"[0-9A-Za-z+.-]+")
_TEXT = re.compile(rb'"(?:[^"\\]|\\.)*', re.DOTALL)
_IN_NAME = re.compile(rb'[^"\\]+|\\(?:u[0-9A-Fa-f]{4}|[^u])', re.DOTALL)
_BEGUN_ESCAPE = re.compile(rb"\\(?:u[0-9A-Fa-f]{0,3})?\Z")
_GOOD_ESCAPE = re.compile(rb"\\u[0-9A-Fa-f]*")
_NO_CHARACTER = b"\xff"

Hides = Callable[[bytes, bytes], bool]
"""Whether a field is listed, by its name and by its path."""


def stands_for(pattern: bytes, text: bytes) -> bool:
    """`*` is any text."""
    return re.fullmatch(b".*".join(map(re.escape, pattern.lower().split(b"*"))), text.lower(), re.DOTALL) is not None


@dataclass
class Fields:
    """A list `redact_body_fields`."""

    given: list[bytes] = field(default_factory=list)

    @property
    def is_off(self) -> bool:
        return b"-*" in self.given and all(one.startswith(b"-") for one in self.given)

    def hides(self, name: bytes, path: bytes) -> bool:
        added = [one for one in self.given if not one.startswith(b"-")]
        taken = [one[1:] for one in self.given if one.startswith(b"-")]

        def match(items: list[bytes], *texts: bytes) -> bool:
            return any(stands_for(item, text) for item in items for text in texts)

        return (
            len(path) > PATH_MAX or match(added, name, path) or (match(DEFAULT, name) and not match(taken, name, path))
        )


class _Over(Exception):
    """The body ends here."""


class _Bad(Exception):
    """What comes can't be JSON."""


class _Json:
    def __init__(self, body: bytes, hides: Hides) -> None:
        self.body, self.hides, self.at = body, hides, 0
        self.out: list[bytes] = []
        self.hidden = False

    def run(self) -> bool:
        """Whether it was JSON up to its end."""
        try:
            while True:
                self.space()
                self.value(b"", 0)
        except _Over:
            return True
        except _Bad:
            return False

    def move(self, to: int) -> None:
        if not self.hidden:
            self.out.append(self.body[self.at : to])
        self.at = to

    def peek(self) -> bytes:
        if self.at == len(self.body):
            raise _Over
        return self.body[self.at : self.at + 1]

    def space(self) -> bytes:
        found = _SPACE.match(self.body, self.at)
        assert found is not None
        self.move(found.end())
        return self.peek()

    def value(self, path: bytes, depth: int) -> None:
        begin = self.peek()
        if begin == b'"':
            found = _TEXT.match(self.body, self.at)
            assert found is not None
            end = found.end()
            if self.body[end : end + 1] != b'"':
                end = len(self.body)
            self.move(end)
            self.peek()
            self.move(end + 1)
        elif begin in (b"{", b"["):
            if depth == DEPTH_MAX:
                raise _Bad
            self.move(self.at + 1)
            (self.members if begin == b"{" else self.elements)(path, depth + 1)
        else:
            word = _WORD.match(self.body, self.at)
            if word is None:
                raise _Bad
            self.move(word.end())

    def elements(self, path: bytes, depth: int) -> None:
        if self.space() != b"]":
            self.value(path, depth)
            while self.space() == b",":
                self.move(self.at + 1)
                self.space()
                self.value(path, depth)
        self.close(b"]")

    def members(self, path: bytes, depth: int) -> None:
        if self.space() != b"}":
            self.member(path, depth)
            while self.space() == b",":
                self.move(self.at + 1)
                self.space()
                self.member(path, depth)
        self.close(b"}")

    def close(self, bracket: bytes) -> None:
        if self.peek() != bracket:
            raise _Bad
        self.move(self.at + 1)

    def member(self, parent: bytes, depth: int) -> None:
        if self.peek() != b'"':
            raise _Bad
        name = self.name()
        path = parent + b"." + name if parent else name
        if self.space() != b":":
            raise _Bad
        self.move(self.at + 1)
        self.space()
        if self.hidden or not (len(path) > PATH_MAX or self.hides(name, path)):
            self.value(path, depth)
            return
        self.out.append(b'"' + PLACEHOLDER + b'"')
        self.hidden = True
        self.value(path, depth)
        self.hidden = False

    def name(self) -> bytes:
        self.move(self.at + 1)
        parts = []
        while self.peek() != b'"':
            found = _IN_NAME.match(self.body, self.at)
            if found is None:
                self.break_off()
                continue
            part = found.group()
            if part[:2] == b"\\u":
                code = int(part[2:], 16)
                part = bytes([code]) if code < 0x80 else _NO_CHARACTER
            elif part[:1] == b"\\":
                part = part[1:] if part[1:] in (b'"', b"\\", b"/") else _NO_CHARACTER
            parts.append(part)
            self.move(found.end())
        self.move(self.at + 1)
        return b"".join(parts)

    def break_off(self) -> None:
        """At an escape that is none, or of which only the begin is there."""
        if _BEGUN_ESCAPE.match(self.body, self.at):
            self.move(len(self.body))
            raise _Over
        good = _GOOD_ESCAPE.match(self.body, self.at)
        assert good is not None
        self.move(good.end())
        raise _Bad


def _form(body: bytes, hides: Hides) -> bytes:
    out, at = [], 0
    while at < len(body):
        name, equals = re.compile(rb"([^=&;]*)(=?)").match(body, at).groups()  # type: ignore[union-attr]
        at += len(name) + len(equals)
        out.append(name + equals)
        hidden = bool(equals) and _is_hidden(name, hides)
        value = re.compile(rb"[^&]*" if hidden else rb"[^&;]*" if equals else b"").match(body, at).group()  # type: ignore[union-attr]
        out.append(PLACEHOLDER if hidden and value else value)
        at += len(value)
        out.append(body[at : at + 1])
        at += 1
    return b"".join(out)


def _is_hidden(raw: bytes, hides: Hides) -> bool:
    spaced = raw.replace(b"+", b" ")
    decoded = re.sub(rb"%([0-9A-Fa-f]{2})", lambda found: bytes([int(found.group(1), 16)]), spaced)
    path = decoded.replace(b"[", b".").replace(b"]", b"")
    if len(path) > PATH_MAX:
        return True
    path = path.rstrip(b".")
    return hides(path.rpartition(b".")[2], path)


def redacted(kind: str, body: bytes, fields: Fields) -> tuple[bytes, bool]:
    """What may leave, and whether that is all. `kind`: json, form, text, unknown, coded, multipart or other."""
    if kind == "other" or fields.is_off or not body:
        return body, True
    if kind in ("coded", "multipart"):
        return b"", False
    first = body.lstrip(b" \t\r\n\x1e\xef\xbb\xbf")[:1]
    if not first:
        return body, True
    if kind == "json" or first in (b"{", b"["):
        reader = _Json(body, fields.hides)
        whole = reader.run()
        return b"".join(reader.out), whole
    return (body if kind == "text" else _form(body, fields.hides)), True
