# SPDX-License-Identifier: Apache-2.0
"""Random plugin configurations, each beside what it means for the model."""

import json
from dataclasses import dataclass, field
from random import Random
from typing import Any

from tests.filter.fuzz.redacting import Fields

HEADERS = [b"authorization", b"proxy-authorization", b"cookie", b"set-cookie", b"x-api-key", b"x-forwarded-client-cert"]
QUERY = [b"access_token", b"token", b"code", b"password", b"sig"]
BODY_MAX = 1_000_000
HOSTS_FROM = b"sampling"
PATHS = {"publish": b"/publish", "apiclarity": b"/api/telemetry", "ndjson": b"/publish", "otlp": b"/v1/logs"}


@dataclass
class Settings:
    """What the filter is to do. By default: what it does with a configuration that it can't read."""

    text: bytes = b""
    cluster: bytes = b""
    format: str = "publish"
    context: str = "outbound"
    bodies: bool = True
    limits: tuple[int, int] = (BODY_MAX, BODY_MAX)
    redact_headers: list[bytes] = field(default_factory=lambda: HEADERS)
    redact_query: list[bytes] = field(default_factory=lambda: QUERY)
    shown_headers: list[bytes] = field(default_factory=list)
    """Taken from the default list."""
    fields: Fields = field(default_factory=Fields)
    closed_query: bool = False
    """The list can't be used: every parameter is hidden."""
    media: list[str] = field(default_factory=list)
    include: dict[str, list[str]] = field(default_factory=dict)
    exclude: dict[str, list[str]] = field(default_factory=dict)
    closed: bool = False
    """A rule can't be used: nothing is traced."""
    sample_rate: float = 1
    sample_by: str = "hash"
    always_statuses: list[str] = field(default_factory=list)
    slower_ms: int = 0
    polls: bool = False
    batch: dict[str, int] = field(default_factory=dict)

    @property
    def has_always(self) -> bool:
        return bool(self.always_statuses or self.slower_ms)

    @property
    def batched(self) -> bool:
        return self.format in ("ndjson", "otlp")


def unreadable(random: Random) -> Settings:
    """Text that is no JSON, and JSON that names no backend: nothing is traced."""
    texts = [
        b"",
        b"{}",
        b"[",
        b'{"format": "otlp"',
        b"\0\xff",
        b'{"backend": 7}',
        b'{"backend": {"cluster": ""}}',
        b"x" * 17_000,
    ]
    return Settings(text=random.choice([*texts, random.randbytes(random.randrange(60)) + b"\xff"]))


def readable(random: Random, name: str, *, large: bool, backlog: bool = False) -> Settings:
    """`backlog`: such that much can wait."""
    settings = Settings(
        cluster=b"backend-%d" % random.randrange(3),
        format=random.choice(["ndjson", "otlp"] if backlog else list(PATHS)),
    )
    settings.context = random.choice(["outbound", "outbound", "inbound", "gateway"])
    written: dict[str, Any] = {"format": settings.format, "context": settings.context, "name": name}
    written["backend"] = {"cluster": settings.cluster.decode(), "headers": [["x-token", "(configured)"]]}
    settings.bodies = not settings.batched
    if backlog:
        settings.bodies, written["bodies"] = True, "on"
    elif random.random() < 0.6:
        settings.bodies = random.random() < 0.85
        written["bodies"] = "on" if settings.bodies else "off"
    if not large:
        settings.limits = (random.choice([0, 1, 2, 3, 500, 3000]), random.choice([0, 4, 1019, 1020, 1021, 3000]))
        written["request_body_bytes_max"], written["response_body_bytes_max"] = settings.limits
    if not backlog:
        _choose_what_is_traced(random, settings, written)
    if settings.batched:
        settings.batch = {
            "count": 100 if backlog else random.choice([1, 2, 3, 10, 100]),
            "bytes": 1_000_000 if backlog else random.choice([1, 2000, 1_000_000]),
        }
        written["batch"] = settings.batch
    kind = random.random()
    if kind < 0.2:  # What is given is added.
        settings.redact_headers, settings.redact_query = [*HEADERS, b"x-mine", b"in-side"], [*QUERY, b"mine", b"m-1"]
        written["redact_headers"], written["redact_query"] = ["x-mine", "Cookie", "in-*"], ["MINE", "m-*"]
    elif kind < 0.3:  # And taken away.
        settings.redact_headers, settings.redact_query = [b"x-mine", b"authorization"], [b"mine"]
        settings.shown_headers = [b"cookie", b"x-page-token"]
        written["redact_headers"], written["redact_query"] = ["-x-page-token", "x-mine", "-Cookie"], ["-*", "mine"]
        if random.random() < 0.5:
            settings.fields = Fields([b"-*"])
            written["redact_body_fields"] = ["-*"]
    elif kind < 0.35:
        settings.fields = Fields([b"iban", b"card.number", b"-pin", b"-ok.token"])
        written["redact_body_fields"] = ["IBAN", "card.number", "-pin", "-ok.token"]
    elif kind < 0.45:  # Slips.
        settings.closed_query, settings.redact_query = True, [b"any", *QUERY]
        settings.fields = Fields([b"*"])
        slip: Any = random.choice([{}, ["token="], ["a", 1], "a", [".*"]])
        written["redact_body_fields"] = slip
        written |= {"redact_query": slip, "heartbeat_seconds": 0, "more": [1, {"a": []}]}
    settings.text = json.dumps(written).encode()
    return settings


def _choose_what_is_traced(random: Random, settings: Settings, written: dict[str, Any]) -> None:
    if random.random() < 0.3:
        settings.media = random.choice(
            [["application/json", "text/*"], ["*/json"], ["image/*g"], ["application/*+json"]]
        )
        written["body_content_types"] = settings.media
    if random.random() < 0.12:
        settings.include = {"methods": ["GET", "POST", "CONNECT"], "paths": ["/api", "/cart", "/?"]}
        written["include"] = settings.include
    if random.random() < 0.15:
        settings.exclude = {
            "paths": ["/a*/health"],
            "hosts": ["qui*"],
            "statuses": ["404", "5XX"],
            "methods": ["patch"],
        }
        written["exclude"] = settings.exclude
    elif random.random() < 0.03:  # A rule that can't be used.
        settings.closed = True
        written[random.choice(["include", "exclude"])] = random.choice(
            [{"paths": ["^/x"]}, {"method": ["GET"]}, {"statuses": ["2**"]}, {"hosts": ["http://a"]}, 7]
        )
    if random.random() < 0.45:
        _choose_a_share(random, settings, written)
    if random.random() < 0.12:
        settings.polls = True
        written["hosts_from"] = {"cluster": HOSTS_FROM.decode(), "seconds": random.choice([1, 30])}


def _choose_a_share(random: Random, settings: Settings, written: dict[str, Any]) -> None:
    if random.random() < 0.05:  # A slip: nothing is traced.
        settings.closed = True
        written["sample_by"] = random.choice(["traceid", "parentbased", 7])
        return
    settings.sample_by = random.choice(["hash", "trace_id", "trace_id", "trace_id", "parent"])
    if random.random() < 0.4:
        # The rate is one that needs no id.
        settings.sample_rate = random.choice([0, 0, 0, 1])
        settings.always_statuses = random.choice([["5xx", "0"], ["2XX"], []])
        settings.slower_ms = random.choice([0, 1, 100, 999]) if settings.always_statuses else 100
        written["sample_always"] = {"statuses": settings.always_statuses, "slower_ms": settings.slower_ms}
    else:
        settings.sample_rate = random.choice([0, 0.5, 0.5, 0.75, 0.125])
    written |= {"sample_rate": settings.sample_rate, "sample_by": settings.sample_by}
