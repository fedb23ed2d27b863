# SPDX-License-Identifier: Apache-2.0
"""Random headers and bodies. What of a header may be shown is known from how it was made."""

from dataclasses import dataclass
from random import Random
from urllib.parse import quote

from tests.filter.fuzz.bodies import SECRET, Maker, damaged
from tests.filter.fuzz.plugin_settings import Settings
from tests.filter.host.wire import Pair

REDACTED = b"[redacted]"
ID = b"x-fuzz"
MEDIA = [
    b"application/json",
    b"text/plain; charset=utf-8",
    b"image/png",
    b"application/x-www-form-urlencoded",
    b"multipart/form-data; boundary=x",
    b"application/grpc+proto",
    b"text/event-stream",
    b"Application/Problem+JSON",
    b"application/x; charset=utf-8",
    b"",
]
CODINGS = [b"gzip", b"br", b"identity", b"GZIP, br", b"Identity", b""]
PATHS = [b"/api/items", b"/api/health", b"/cart", b"/other", b"/", b"", b"/caf\xc3\xa9\xff", b'/"\\\x01']
HOSTS = [b"shop", b"shop", b"cart.pay", b"quiet"]
STATUSES = [b"200", b"200", b"201", b"101", b"404", b"503", b"0", b"20x", b"2000", b""]
# Nothing that begins a parameter with a value.
ODD_BYTES = bytes(byte for byte in range(256) if byte not in b"(?#=")


@dataclass(slots=True)
class Header:
    name: bytes
    value: bytes
    shown: bytes


def plain(name: bytes, value: bytes) -> Header:
    return Header(name, value, value)


def pairs_of(headers: list[Header]) -> list[Pair]:
    return [(header.name, header.value) for header in headers]


def odd(random: Random, most: int) -> bytes:
    at = random.randrange(len(ODD_BYTES))
    return ODD_BYTES[at : at + random.randrange(most + 1)]


def with_query(random: Random, name: bytes, before: bytes, settings: Settings) -> Header:
    if random.random() < 0.2 and name != b":path":
        begin, end = random.choice(
            [(b"https://", b"@h/x"), (b"<https://a>, <//", b"@[::1]:8/>"), (b"u http://al:", b"@h b@c")]
        )
        hidden = (b"al:" if begin.endswith(b"al:") else b"") + SECRET * random.randrange(1, 3)
        begin = begin.removesuffix(b"al:")
        return Header(name, begin + hidden + end, begin + REDACTED + end)
    parameter = random.choice(settings.redact_query)
    spelled = random.choice([parameter, parameter.upper(), b"%%%02x" % parameter[0] + parameter[1:]])
    if random.random() < 0.25 and not settings.closed_query:
        inner, after = b"https://h/?x=1&" + spelled + b"=", b"&z=2"
        for _ in range(random.randrange(1, 4)):
            inner, after = quote(inner, safe="").encode(), quote(after, safe="").encode()
        begin, end = before + b"?u=" + inner, random.choice([b"", after, b"&c=2", after + b"&c=2"])
        return Header(name, begin + SECRET + end, begin + REDACTED + end)
    begins = (
        [b"?", b"#", b"??b;"] if settings.closed_query else [b"?", b"#", b"?a=1&", b"??b;", *([b";"] if before else [])]
    )
    begin = before + random.choice(begins) + spelled + b"="
    end = random.choice([b"", b"#x", b";"] if settings.closed_query else [b"", b"&c=2", b"#x", b";"])
    return Header(name, begin + SECRET * random.randrange(1, 4) + end, begin + REDACTED + end)


def _more(random: Random, settings: Settings | None, *, huge: bool) -> list[Header]:
    headers = []
    for _ in range(random.randrange(4)):
        kind = random.random()
        if kind < 0.35 and settings is not None:
            name = random.choice(settings.redact_headers)
            name = name.upper() if random.random() < 0.1 else name
            headers.append(Header(name, b"Bearer " + SECRET * random.randrange(1, 4), REDACTED))
        elif kind < 0.6 and settings is not None:
            headers.append(
                with_query(random, random.choice([b"referer", b"location", b"x-url"]), b"https://a/", settings)
            )
        elif kind < 0.65 and settings is not None and settings.shown_headers:
            headers.append(plain(random.choice(settings.shown_headers), b"shown"))
        elif kind < 0.8:
            headers.append(plain(b"x-%d" % random.randrange(3), odd(random, 60)))
        else:
            headers.append(plain(b"x" + odd(random, 6), odd(random, 20)))
    if huge:
        sizes = [1015, 1016, 1017, 30_000, 65_520, 65_530, 65_540, 70_000]
        headers += [plain(b"x-huge", b"h" * random.choice(sizes)) for _ in range(random.randrange(1, 6))]
    return headers


def _of_body(random: Random) -> list[Header]:
    headers = []
    if random.random() < 0.7:
        headers.append(plain(b"content-type", random.choice(MEDIA)))
    if random.random() < 0.1:
        headers.append(plain(b"content-encoding", random.choice(CODINGS)))
    return headers


def request(random: Random, settings: Settings | None, number: int, *, huge: bool) -> list[Header]:
    """Without settings nothing is known of what will be redacted: then there is no secret in it."""
    path = random.choice(PATHS)
    headers = [plain(ID, b"%d" % number)]
    if random.random() < 0.97:
        secret = settings is not None and random.random() < 0.3
        headers.append(with_query(random, b":path", path, settings) if secret and settings else plain(b":path", path))
    method = random.choice([b"GET", b"POST", b"POST", b"PATCH", b"CONNECT", odd(random, 5)])
    headers += [plain(b":method", method), plain(b":scheme", random.choice([b"http", b"https"]))]
    headers.append(plain(random.choice([b":authority", b":authority", b"host"]), random.choice(HOSTS)))
    if random.random() < 0.6:
        headers.append(plain(b"x-request-id", b"%032x" % random.getrandbits(128)))
    if random.random() < 0.6:
        headers += _trace_context(random)
    headers += _of_body(random)
    if random.random() < 0.03:
        headers.append(
            plain(
                *random.choice([(b"upgrade", b"h2c"), (b"x-wasm-filter-trace", b"t"), (b"x-forwarded-for", b"1.2.3.4")])
            )
        )
    return headers + _more(random, settings, huge=huge)


def _trace_context(random: Random) -> list[Header]:
    version, flags = random.choice([0, 0, 0, 1, 0xFF]), random.choice([0, 1, 1, 2, 3, 0xFE])
    trace_id = random.choice([random.getrandbits(128), random.getrandbits(128), 0])
    trace = b"%02x-%032x-%016x-%02x" % (version, trace_id, random.getrandbits(64), flags)
    odd_ones = [trace[:-1], trace.upper(), b"00-" + odd(random, 60), trace + b"-more", trace + b"more"]
    headers = [plain(b"traceparent", trace if random.random() < 0.7 else random.choice(odd_ones))]
    if random.random() < 0.6:
        randomness = b"%014x" % random.getrandbits(56)
        states = [b"ot=rv:", b"a=b,ot=th:0;rv:", b"ot=rv:0", b"xot=rv:", b"a=b , ot=x:y;rv:", b"ot=srv:"]
        state = random.choice(states) + randomness + random.choice([b"", b";z:1", b" ,c=d"])
        headers.append(plain(b"tracestate", state))
    return headers


def response(random: Random, settings: Settings | None, *, huge: bool) -> list[Header]:
    headers = [plain(b":status", random.choice(STATUSES))]
    headers += _of_body(random)
    if random.random() < 0.05:
        headers.append(plain(b"grpc-status", random.choice([b"0", b"14", b"99"])))
    if random.random() < 0.05:
        headers.append(plain(b"upgrade", b"h2,h2c"))
    return headers + _more(random, settings, huge=huge)


HIDDEN_FIELDS = [b"password", b"access_token", b"pin", b"iban", b"number"]


def part_of_body(random: Random) -> bytes:
    """It has no secrets in it: while it is on its way the list may become another one."""
    body = Maker(random, HIDDEN_FIELDS, secrets=False).body()
    return damaged(random, body) if random.random() < 0.1 else body


def chunk(random: Random, limit: int, *, large: bool) -> bytes:
    """Around every size that decides something: nothing, base64's groups, blocks, pieces, the limit."""
    if large:
        size = random.choice([65_535, 65_536, 65_537, 131_072, random.randrange(400_000)])
    elif random.random() < 0.2:
        size = max(0, random.choice([limit, 1020]) + random.randrange(-2, 3))
        size = min(size, 4000)
    else:
        size = random.choice([0, 1, 2, 3, random.randrange(200), random.randrange(1500)])
    return random.randbytes(size)
