# SPDX-License-Identifier: Apache-2.0
"""What must not leave does not: by default, as configured, and after a slip in the configuration."""

import json
from collections.abc import Callable
from pathlib import Path
from urllib.parse import quote

import pytest
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
    assert ", ".join(HEADERS).startswith(
        "authorization, proxy-authorization, cookie, set-cookie, x-api-key, x-auth-token, "
        "x-amz-security-token, x-csrf-token, x-forwarded-client-cert, "
    )
    assert QUERY[:5] == ["access_token", "token", "code", "password", "sig"]
    # What OpenTelemetry's conventions for url.query have redacted.
    assert {"AWSAccessKeyId", "Signature", "sig", "X-Goog-Signature"} <= set(QUERY)


QUERY_KEYS = [
    "X-Amz-Credential", "X-Amz-Signature", "X-Amz-Security-Token", "AWSAccessKeyId", "Signature", "sig",
    "X-Goog-Signature", "X-Goog-Credential", "token", "access_token", "id_token", "refresh_token",
    "client_secret", "client_assertion", "api_key", "apikey", "api-key", "key", "password", "passwd", "pwd",
    "secret", "auth", "authorization", "jwt", "code", "code_verifier", "session_id", "jsessionid", "PHPSESSID",
    "SAMLResponse", "otp", "private_token",
]  # fmt: skip
HEADER_NAMES = [
    "Authorization", "X-Forwarded-Authorization", "X-Goog-Api-Key", "Ocp-Apim-Subscription-Key",
    "X-Functions-Key", "X-Vault-Token", "Private-Token", "X-Amz-Security-Token", "X-Forwarded-Access-Token",
    "X-Hub-Signature-256", "X-Goog-IAP-JWT-Assertion", "DPoP", "X-Client-Secret", "Cookie", "Set-Cookie",
    "X-Forwarded-Client-Cert", "SSL-Client-Cert", "X-XSRF-TOKEN", "X-Session-Id",
]  # fmt: skip


@pytest.mark.parametrize("change", [str, str.upper, str.lower])
def test_credentials_go_by_many_names(wasm: Path, change: Callable[[str], str]) -> None:
    proxy = Proxy(wasm)
    request = [*REQUEST, *((change(name).encode(), SECRET) for name in HEADER_NAMES)]
    request[1] = (b":path", b"/?" + b"&".join(change(name).encode() + b"=" + SECRET for name in QUERY_KEYS))
    document = proxy.trace(Exchange(request=request))
    assert not leaks(proxy), document


def test_ordinary_names_are_shown(wasm: Path) -> None:
    proxy = Proxy(wasm)
    names = [b"accept", b"content-type", b"idempotency-key", b"etag", b"traceparent", b"user-agent", b"x-request-start"]
    path = b"/?page=1&sort=a&id=7&X-Amz-Date=8&X-Goog-Algorithm=9&state=x&designer=y"
    document = proxy.trace(Exchange(request=[REQUEST[0], (b":path", path), *((name, b"v") for name in names)]))
    assert document["scnt_request"]["path"] == path.decode()
    assert "[redacted]" not in json.dumps(document)


def test_nothing_leaks_by_default(wasm: Path) -> None:
    proxy = Proxy(wasm)
    document = proxy.trace(secretive())
    assert not leaks(proxy)
    headers = dict(document["scnt_request"]["headers"])
    assert all(headers[name] == "[redacted]" for name in HEADERS)
    assert document["scnt_request"]["path"] == "/a?b=1&" + "&".join(f"{name}=[redacted]" for name in QUERY)


def test_a_slip_in_a_list_hides_all(wasm: Path) -> None:
    slips: list[dict[str, object]] = [
        {"redact_headers": ["x", 1]},
        {"redact_query": {}},
        {"redact_headers": ["a b"], "redact_query": [""]},
        {"redact_headers": ["x-.*"]},
        {"redact_headers": ["authorization:"]},
        {"redact_query": ["x=", "token"]},
    ]
    for slip in slips:
        proxy = Proxy(wasm, slip)
        exchange = secretive()
        exchange.request += [(b"x-mine", SECRET)] if "redact_headers" in slip else []
        exchange.request += [(b"x-url", b"/?mine=" + SECRET)] if "redact_query" in slip else []
        proxy.run(exchange)
        # Of what it would have hidden nothing is known.
        assert not leaks(proxy), slip
        assert proxy.metric("configuration_errors") == len(slip)


@pytest.mark.parametrize(("headers", "query"), [([], []), (["X-Mine", "x-in-*"], ["mine", "m-*"])])
def test_a_list_adds_to_the_defaults(wasm: Path, headers: list[str], query: list[str]) -> None:
    proxy = Proxy(wasm, {"redact_headers": headers, "redact_query": query})
    assert proxy.metric("configuration_errors") == 0
    exchange = secretive()
    exchange.request += [
        (b"x-mine", SECRET),
        (b"X-In-Side", SECRET),
        (b"x-url", b"/?mine=" + SECRET + b"&m-=" + SECRET),
    ]
    document = proxy.trace(exchange)
    assert leaks(proxy) == (not headers)
    assert dict(document["scnt_request"]["headers"])["cookie"] == "[redacted]"


def test_a_star_hides_all(wasm: Path) -> None:
    proxy = Proxy(wasm, {"redact_headers": ["*"], "redact_query": ["*"]})
    request = [*REQUEST, (b"x-any", SECRET), (b"host", SECRET), (b"x-request-id", SECRET)]
    request[0] = (b":authority", SECRET)
    request[1] = (b":path", b"/a?any=" + SECRET)
    document = proxy.trace(Exchange(request=request, response=[*RESPONSE, (b"any", SECRET)]))
    assert not leaks(proxy)
    assert document["scnt_request"]["path"] == "/a?any=[redacted]"
    assert (document["scnt_request"]["method"], document["scnt_response"]["status_code"]) == ("POST", "200")
    assert document["request_id"] != "[redacted]"


def test_defaults_are_taken_away_on_purpose_only(wasm: Path) -> None:
    proxy = Proxy(wasm, {"redact_headers": ["-cookie", "x-mine"], "redact_query": ["-*", "mine"]})
    request = [*REQUEST, (b"x-mine", SECRET), (b"cookie", b"open"), (b"authorization", SECRET)]
    request[1] = (b":path", b"/?mine=" + SECRET + b"&token=open")
    document = proxy.trace(Exchange(request=request))
    assert not leaks(proxy)
    assert dict(document["scnt_request"]["headers"])["cookie"] == "open"
    assert document["scnt_request"]["path"] == "/?mine=[redacted]&token=open"


@pytest.mark.parametrize("times", [1, 2, 3, 7])
@pytest.mark.parametrize("outer", [b"/login?redirect=", b"/?a=1&u=", b"https://shop/#next="])
def test_a_url_within_a_value_however_often_it_is_encoded(wasm: Path, times: int, outer: bytes) -> None:
    inner = f"https://al:{SECRET.decode()}@x/cb?b=2&id_token={SECRET.decode()}&c=3"
    shown = "https://@x/cb?b=2&id_token=&c=3"
    for _ in range(times):
        inner, shown = quote(inner, safe=""), quote(shown, safe="")
    proxy = Proxy(wasm)
    path = outer + inner.encode() + b"&d=4"
    document = proxy.trace(Exchange(request=[REQUEST[0], (b":path", path), (b"referer", path)]))
    assert not leaks(proxy)
    # What is not hidden stays as it is.
    assert document["scnt_request"]["path"].replace("[redacted]", "") == outer.decode() + shown + "&d=4"


@pytest.mark.parametrize(
    "name", [b"location", b"content-location", b"link", b"referer", b"refresh", b"x-any", b":path"]
)
@pytest.mark.parametrize(
    "value",
    [
        b"https://alice:%s@intra/x",
        b"<https://%s@intra/x>; rel=next, <https://b/>",
        b"0; url=https://alice:%s@intra/",
        b"//alice:%s@intra",
        b"postgres://alice:a@%s@db:5432/x?y=z",
        b"https:\\\\alice:%s@intra",
    ],
)
def test_user_info_of_a_url(wasm: Path, name: bytes, value: bytes) -> None:
    proxy = Proxy(wasm)
    exchange = Exchange()
    exchange.request = [(b":path", value % SECRET) if name == b":path" else (name, value % SECRET)]
    exchange.response = [*RESPONSE, (name, value % SECRET)] if name != b":path" else exchange.response
    assert "[redacted]@" in json.dumps(proxy.trace(exchange))
    assert not leaks(proxy)


def test_user_info_of_a_host(wasm: Path) -> None:
    proxy = Proxy(wasm, {"format": "otlp", "batch": {"count": 1}})
    proxy.run(Exchange(request=[(b":authority", b"alice:" + SECRET + b"@shop:81"), *REQUEST[1:]]))
    assert not leaks(proxy)
    assert b'"server.address","value":{"stringValue":"shop"}' in proxy.machine.calls[0].body


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
