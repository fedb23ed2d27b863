# SPDX-License-Identifier: Apache-2.0
"""What the filter should keep of an exchange, written from filter/README.md and the bounds in limits.zig."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from tests.filter.fuzz.messages import Header
from tests.filter.fuzz.plugin_settings import Settings
from tests.filter.fuzz.redacting import Fields, redacted
from tests.filter.fuzz.sampling import first, is_sampled

if TYPE_CHECKING:
    from tests.filter.fuzz.settlement import Outage

HEADERS_MAX = 64 * 1024
SCRATCH_MAX = 256 * 1024
HEADER_OVERHEAD = 5
BLOCK_DATA = 1020
# Bodies are cut when a quarter of the blocks is left; the model counts generously.
BLOCKS_THAT_ARE_ENOUGH = 7_000


def is_streaming(headers: list[Header]) -> bool:
    media = first(headers, b"content-type").lower()
    return (
        first(headers, b":status") == b"101"
        or first(headers, b":method") == b"CONNECT"
        or media.startswith((b"application/grpc", b"text/event-stream"))
    )


def has_wanted_media(settings: Settings, headers: list[Header]) -> bool:
    if not settings.media:
        return True
    media = first(headers, b"content-type").split(b";")[0].split(b" ")[0].lower().decode("latin-1")
    return any(stands_for(one, media) for one in settings.media)


# Of http.request.body.content in OpenTelemetry's semantic conventions.
_TEXT_ENDS = ("/json", "+json", "/xml", "+xml", "/yaml", "+yaml")


def kind_of(headers: list[Header]) -> str:
    if first(headers, b"content-encoding").lower() not in (b"", b"identity"):
        return "coded"
    whole = first(headers, b"content-type").lower().decode("latin-1")
    media, _, parameters = whole.partition(";")
    media = media.split(" ")[0]
    if media == "application/x-www-form-urlencoded":
        return "form"
    if media.startswith("multipart/"):
        return "multipart"
    if "json" in media:
        return "json"
    if media.startswith("text/") or media.endswith(_TEXT_ENDS) or "charset=" in parameters:
        return "text"
    return "other" if media else "unknown"


def stands_for(pattern: str, text: str) -> bool:
    """`*` is any text."""
    return re.fullmatch(".*".join(map(re.escape, pattern.split("*"))), text, re.DOTALL) is not None


@dataclass(slots=True)
class Side:
    """One direction."""

    seen: bool = False
    headers: list[Header] = field(default_factory=list)
    """Those that are kept."""
    size: int = 0
    headers_cut: bool = False
    takes_body: bool = False
    body: bytearray = field(default_factory=bytearray)
    announced: int = 0
    body_cut: bool = False
    kind: str = "other"
    """Of the body, by its headers."""
    at_risk: bool = False
    """Less may be kept: memory was short, or the host refused a call."""

    @property
    def is_truncated(self) -> bool:
        return self.headers_cut or (self.body_cut and self.takes_body)

    @property
    def shown(self) -> bytes:
        """Of a compressed body a part is of no use."""
        return b"" if self.kind == "coded" and self.body_cut else bytes(self.body)

    @property
    def is_text(self) -> bool:
        return self.kind in ("json", "form", "text")

    def redact(self, fields: Fields, limit: int) -> None:
        """At the end, before anything of it is written."""
        shown, whole = redacted(self.kind, bytes(self.body), fields)
        if self.kind != "other" and not fields.is_off:
            self.body_cut |= not whole or len(shown) > limit
            self.body = bytearray(shown[:limit])

    @property
    def blocks(self) -> int:
        return (self.size + len(self.body)) // BLOCK_DATA + 2

    def keep(self, headers: list[Header], wire_size: int) -> None:
        self.seen, self.headers_cut = True, not headers
        self.kind = kind_of(headers)
        for header in headers:
            size = HEADER_OVERHEAD + len(header.name) + len(header.shown)
            if size > min(HEADERS_MAX - self.size, SCRATCH_MAX - wire_size):
                self.headers_cut = True
                continue
            self.size += size
            self.headers.append(header)

    def take(self, buffer: bytes, announced: int, limit: int) -> None:
        if announced == 0:
            return
        self.announced += announced
        if self.body_cut:
            return
        room = max(0, limit - len(self.body)) if self.takes_body else 0
        wanted = min(announced, room)
        self.body += buffer[:wanted]
        self.body_cut = announced > room or len(buffer) < wanted


@dataclass(slots=True)
class Stream:
    slot: int
    root: int
    sides: list[Side] = field(default_factory=lambda: [Side(), Side()])
    ignored: bool = False
    streaming: bool = False
    is_grpc: bool = False
    grpc: int | None = None
    trailer: bool = False
    """The status of the call came behind the body."""
    properties: dict[bytes, bytes] = field(default_factory=dict)
    source: str | None = None
    """The peer's address, where it is an ordinary one."""
    provisional: bool = False
    """Left out of the share, unless its end says otherwise."""
    begun: int | None = None
    """When its request came; None: the host would not say, or nobody asked by the configuration of then."""

    @property
    def blocks(self) -> int:
        return self.sides[0].blocks + self.sides[1].blocks

    def keep_grpc(self, at: int, headers: list[Header]) -> None:
        self.is_grpc |= first(headers, b"content-type").lower().startswith(b"application/grpc")
        if at == 1:
            self.grpc = grpc_status_of(first(headers, b"grpc-status"))

    def hear(self, status: bytes) -> None:
        """In trailers."""
        heard = grpc_status_of(status)
        if self.is_grpc and not self.ignored and heard is not None:
            self.grpc, self.trailer = heard, True


@dataclass(slots=True)
class Root:
    id: int
    settings: Settings
    outage: Outage
    hosts: list[bytes] | None = None
    """The last good answer."""
    poll: int | None = None
    """The token of the question that has no answer yet."""
    ending: bool = False


def wants(settings: Settings, rule: str, value: bytes) -> bool:
    include, exclude = settings.include.get(rule), settings.exclude.get(rule, [])
    return (not include or _any(rule, include, value)) and not _any(rule, exclude, value)


def _any(rule: str, items: list[str], value: bytes) -> bool:
    text = value.decode("latin-1")
    if rule == "paths":
        return any(stands_for(one + "*", text) for one in items)
    if rule == "statuses":
        return any(
            len(one) == len(text) and all(wanted in "xX" + digit for wanted, digit in zip(one, text, strict=True))
            for one in items
        )
    if rule == "methods":
        return text.lower() in [one.lower() for one in items]
    return any(stands_for(one, text.lower()) for one in items)


def wants_request(root: Root, headers: list[Header]) -> bool:
    """By the rules, whatever share is traced."""
    settings = root.settings
    host = first(headers, b":authority") or first(headers, b"host")
    values = {"methods": first(headers, b":method"), "paths": first(headers, b":path"), "hosts": host}
    if settings.closed or not all(wants(settings, rule, value) for rule, value in values.items()):
        return False
    if settings.polls:
        port = b":443" if first(headers, b":scheme") == b"https" else b":80"
        if not any(one in (b"*", host, host + port) for one in root.hosts or []):
            return False
    return True


# By google/rpc/code.proto.
HTTP_OF_GRPC = [200, 499, 500, 400, 504, 404, 409, 403, 429, 400, 409, 400, 501, 500, 503, 500, 401]


def grpc_status_of(value: bytes) -> int | None:
    return int(value) if value.isdigit() and int(value) < len(HTTP_OF_GRPC) else None


def status_for_rules(stream: Stream) -> bytes:
    status = status_of(stream.sides[1].headers)
    known = stream.grpc if stream.is_grpc else None
    return b"%d" % HTTP_OF_GRPC[known] if known is not None and status == b"200" else status


def choose(root: Root, stream: Stream, headers: list[Header], now: int | None) -> bool | None:
    """Whether the exchange of this request is kept; None: chance decides."""
    wanted = wants_request(root, headers)
    sampled = wanted and is_sampled(root.settings, headers)
    stream.provisional = wanted and sampled is False and root.settings.has_always
    stream.sides[0].takes_body &= not stream.provisional
    stream.begun = now if root.settings.slower_ms else None
    return True if stream.provisional else sampled


def is_settled(settings: Settings, stream: Stream) -> bool:
    """Whether the headers of the answer say that an exchange stays left out."""
    by_status = stream.provisional and not stream.is_grpc and not settings.slower_ms
    return by_status and not is_always(settings, stream, None)


def is_always(settings: Settings, stream: Stream, now: int | None) -> bool | None:
    """Whether it is traced though the share leaves it out; None: it took a time that nobody knows."""
    if _any("statuses", settings.always_statuses, status_for_rules(stream)):
        return True
    if not settings.slower_ms:
        return False
    return None if now is None or stream.begun is None else now - stream.begun > settings.slower_ms * 10**6


def status_of(headers: list[Header]) -> bytes:
    status = next((header.shown for header in headers if header.name == b":status"), b"")
    return status if len(status) == 3 and status.isdigit() else b"0"
