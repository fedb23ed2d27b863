# SPDX-License-Identifier: Apache-2.0
"""What must not leave does not: by default, as configured, and after a slip in the configuration."""

import json
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.filter.builds import RELEASED
from tests.filter.host.proxy import REQUEST, RESPONSE, Exchange, Proxy

SCHEMA = json.loads((RELEASED.parents[1] / "configuration.schema.json").read_text())["properties"]
HEADERS: list[str] = SCHEMA["redact_headers"]["default"]
QUERY: list[str] = SCHEMA["redact_query"]["default"]
SECRET = b"s3cr3t-value"


def leaks(proxy: Proxy) -> bool:
    everything = [call.body for call in proxy.machine.calls] + proxy.machine.logs
    return any(SECRET in text for text in everything)


def secretive() -> Exchange:
    """Every default header, and every default parameter wherever URLs travel."""
    query = b"&".join(name.encode() + b"=" + SECRET for name in QUERY)
    headers = [(name.encode(), b"a " + SECRET) for name in HEADERS]
    request = [*REQUEST, *headers, (b"referer", b"https://shop/?" + query), (b"x-original-url", b"/x?" + query)]
    request[1] = (b":path", b"/a?b=1&" + query)
    response = [*RESPONSE, *headers, (b"location", b"https://app/cb#" + query)]
    return Exchange(request=request, response=response)


def test_the_defaults_of_the_design() -> None:
    assert ", ".join(HEADERS) == (
        "authorization, proxy-authorization, cookie, set-cookie, x-api-key, x-auth-token, "
        "x-amz-security-token, x-csrf-token, x-forwarded-client-cert"
    )
    assert QUERY == ["access_token", "token", "code", "password", "sig"]


def test_nothing_leaks_by_default(wasm: Path) -> None:
    proxy = Proxy(wasm)
    document = proxy.trace(secretive())
    assert not leaks(proxy)
    headers = dict(document["scnt_request"]["headers"])
    assert all(headers[name] == "[redacted]" for name in HEADERS)
    assert document["scnt_request"]["path"] == "/a?b=1&" + "&".join(f"{name}=[redacted]" for name in QUERY)


def test_a_slip_in_a_list_keeps_the_defaults(wasm: Path) -> None:
    slips: list[dict[str, object]] = [
        {"redact_headers": ["x", 1]},
        {"redact_query": {}},
        {"redact_headers": ["a b"], "redact_query": [""]},
    ]
    for slip in slips:
        proxy = Proxy(wasm, slip)
        proxy.run(secretive())
        assert not leaks(proxy), slip
        assert proxy.metric("configuration_errors") == len(slip)


def test_a_list_replaces_the_defaults(wasm: Path) -> None:
    proxy = Proxy(wasm, {"redact_headers": ["X-Mine"], "redact_query": ["mine"]})
    request = [*REQUEST, (b"x-mine", SECRET), (b"cookie", b"open")]
    request[1] = (b":path", b"/?mine=" + SECRET + b"&token=open")
    document = proxy.trace(Exchange(request=request))
    assert not leaks(proxy)
    assert dict(document["scnt_request"]["headers"])["cookie"] == "open"
    assert document["scnt_request"]["path"] == "/?mine=[redacted]&token=open"


def percent(name: str, which: list[bool]) -> bytes:
    letters = [(f"%{ord(c):02x}" if encoded else c) for c, encoded in zip(name, which, strict=False)]
    return "".join(letters).encode()


@settings(max_examples=150, deadline=None)
@given(
    st.sampled_from(QUERY),
    st.lists(st.booleans(), min_size=20, max_size=20),
    st.text("?&;#=a/", max_size=6),
    st.sampled_from("?&;#"),
    st.booleans(),
)
def test_any_spelling_of_a_parameter(name: str, which: list[bool], before: str, separator: str, upper: bool) -> None:
    spelled = percent(name.upper() if upper else name, which)
    proxy = Proxy(RELEASED)
    request = list(REQUEST)
    request[1] = (b":path", b"/?" + before.encode() + separator.encode() + spelled + b"=" + SECRET)
    proxy.trace(Exchange(request=request))
    assert not leaks(proxy), request[1]
