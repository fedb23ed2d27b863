# SPDX-License-Identifier: Apache-2.0
"""Values of listed fields stay here, whatever the body is like. Python's own readers of JSON and forms are the judge of
what is a field; redacting.py, which is written from the README, of every byte."""

import base64
import json
from itertools import pairwise
from pathlib import Path
from random import Random
from typing import Any
from urllib.parse import parse_qsl, urlencode

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.filter import judges
from tests.filter.fuzz.bodies import SECRET, Maker, some_body
from tests.filter.fuzz.redacting import Fields, redacted
from tests.filter.host.proxy import REQUEST, Exchange, Proxy

SECRETS = [b"password", b"access_token", b"clientSecret", b"pin", b"sessionId", b"card_number", b":password"]
FORM = "application/x-www-form-urlencoded"
quick = settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


def typed(media: str, coding: str = "") -> list[tuple[bytes, bytes]]:
    headers = [pair for pair in REQUEST if pair[0] != b"content-type"]
    return [*headers, (b"content-type", media.encode()), (b"content-encoding", coding.encode())]


def left(proxy: Proxy, media: str, *chunks: bytes, coding: str = "") -> tuple[bytes, bool]:
    """Of a request's body, and whether it is marked as cut."""
    document = proxy.trace(Exchange(request=typed(media, coding), request_body=[one for one in chunks if one]))
    proxy.answer(proxy.machine.calls.pop())
    return base64.b64decode(document["scnt_request"]["body"]), document["scnt_request"]["truncated_body"]


@pytest.mark.parametrize("form", ["publish", "apiclarity", "ndjson", "otlp"])
@pytest.mark.parametrize("media", ["application/json", "application/vnd.a+json", "text/plain", FORM, ""])
def test_no_format_has_a_listed_value(wasm: Path, form: str, media: str) -> None:
    proxy = Proxy(wasm, {"format": form, "bodies": "on", "batch": {"count": 1}})
    body = b'{"user": {"PassWord": "hunter2", "name": "al"}, "pin": 70812}'
    response = [(b":status", b"200"), (b"content-type", media.encode())]
    proxy.run(Exchange(request=typed(media), request_body=[body], response=response, response_body=[body]))
    (call,) = proxy.machine.calls
    shown = b'{"user": {"PassWord": "[redacted]", "name": "al"}, "pin": "[redacted]"}'
    assert b"hunter2" not in call.body and b"70812" not in call.body
    # Text or base64.
    assert call.body.count(json.dumps(shown.decode()).encode()) + call.body.count(base64.b64encode(shown)) == 2


@pytest.mark.parametrize(
    ("media", "body", "shown", "whole"),
    [
        ("application/json", b'{"\\u0070assword":"x","b":1}', b'{"\\u0070assword":"[redacted]","b":1}', True),
        ("application/json", b'{"secrets":[{"a":"x"}],"b":[1]}', b'{"secrets":"[redacted]","b":[1]}', True),
        (
            "application/x-ndjson",
            b'{"otp":1}\n{"otp":{"a":2}}\n',
            b'{"otp":"[redacted]"}\n{"otp":"[redacted]"}\n',
            True,
        ),
        ("application/json", b"{'password':'x'}", b"{", False),
        ("application/json", b')]}\',\n{"password":1}', b"", False),
        ("application/json", b"[" * 64 + b"1", b"[" * 64 + b"1", True),
        ("application/json", b"[" * 65 + b'{"pin":1}', b"[" * 64, False),
        (FORM, b"user=al&password=a;b&c=d", b"user=al&password=[redacted]&c=d", True),
        (FORM, b"p%61ssword=x", b"p%61ssword=[redacted]", True),
        (FORM, b"user[pin]=1&pin%5B%5D=2", b"user[pin]=[redacted]&pin%5B%5D=[redacted]", True),
        ("", b"password=x", b"password=[redacted]", True),
        ("multipart/form-data; boundary=b", b"--b\r\n...", b"", False),
        # Not looked into.
        ("text/plain", b"password=x", b"password=x", True),
        ("image/png", b'{"pin":1}', b'{"pin":1}', True),
    ],
)
def test_what_is_shown(wasm: Path, media: str, body: bytes, shown: bytes, whole: bool) -> None:
    assert left(Proxy(wasm), media, body) == (shown, not whole)


@pytest.mark.parametrize("coding", ["gzip", "br", "zstd", "deflate"])
def test_what_cannot_be_looked_into_is_left_out(wasm: Path, coding: str) -> None:
    proxy = Proxy(wasm)
    assert left(proxy, "application/json", b"packed", coding=coding) == (b"", True)
    assert proxy.metric("truncated") == 0, "it is absent by wish"
    off = Proxy(wasm, {"redact_body_fields": ["-*"]})
    assert left(off, "application/json", b"packed", coding=coding) == (b"packed", False)
    assert left(off, "application/json", b'{"pin":1}') == (b'{"pin":1}', False)


def test_the_list_adds_to_its_default_and_knows_paths(wasm: Path) -> None:
    proxy = Proxy(wasm, {"redact_body_fields": ["iban", "card.number", "*.note", "-pin", "-ok.token"]})
    body = {"IBAN": 1, "card": [{"number": 2, "name": 3}], "number": 4, "a": {"b": {"note": 5}}, "note": 6}
    more: dict[str, Any] = {"pin": 7, "otp": 8, "token": 9, "ok": {"token": 10}}
    shown, _ = left(proxy, "application/json", json.dumps({**body, **more}).encode())
    hidden = "[redacted]"
    assert json.loads(shown) == {
        "IBAN": hidden, "card": [{"number": hidden, "name": 3}], "number": 4, "a": {"b": {"note": hidden}}, "note": 6,
        "pin": 7, "otp": hidden, "token": hidden, "ok": {"token": 10},
    }  # fmt: skip


@pytest.mark.parametrize("slip", [["^pin"], ["pin="], "pin", [1], {}])
def test_a_list_that_cannot_be_used_hides_all(wasm: Path, slip: Any) -> None:
    proxy = Proxy(wasm, {"redact_body_fields": slip})
    assert left(proxy, "application/json", b'{"a":1,"b":[2]}')[0] == b'{"a":"[redacted]","b":"[redacted]"}'
    assert proxy.metric("configuration_errors") == 1


@pytest.mark.parametrize("limit", [0, 1, 20, 30, 36, 37])
def test_a_body_that_is_cut_hides_as_much(wasm: Path, limit: int) -> None:
    body = b'{"id":1,"password":"hunter2","b":"c"}'
    shown, cut = left(Proxy(wasm, {"request_body_bytes_max": limit}), "application/json", body)
    assert b"hun" not in shown
    assert len(shown) <= limit
    assert cut, "the placeholder is longer than what it stands for"


names = st.sampled_from([one.decode() for one in SECRETS] + ["id", "a.b", "Pin", "x"]) | st.text(max_size=4)
values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=12),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(names, inner, max_size=4),
    max_leaves=25,
)


def as_names(name: str) -> bytes:
    return bytes(ord(one) if ord(one) < 0x80 else 0xFF for one in name)


def without(value: Any, fields: Fields, path: bytes = b"") -> Any:
    if isinstance(value, list):
        return [without(one, fields, path) for one in value]
    if not isinstance(value, dict):
        return value
    found = {}
    for name, one in value.items():
        inner = path + b"." + as_names(name) if path else as_names(name)
        hidden = fields.hides(as_names(name), inner)
        found[name] = "[redacted]" if hidden else without(one, fields, inner)
    return found


@quick
@given(values, st.booleans(), st.sampled_from([None, 1]), st.lists(st.integers(0, 200), max_size=3))
def test_json_as_python_reads_it(wasm: Path, value: Any, ascii_only: bool, indent: int | None, cuts: list[int]) -> None:
    fields = Fields([b"x.id", b"-access_token"])
    body = json.dumps(value, ensure_ascii=ascii_only, indent=indent).encode(errors="surrogatepass")
    ends = sorted({0, len(body), *(min(one, len(body)) for one in cuts)})
    chunks = [body[begin:end] for begin, end in pairwise(ends)]
    proxy = Proxy(wasm, {"redact_body_fields": ["x.id", "-access_token"]})
    shown, cut = left(proxy, "application/json", *chunks)
    assert not cut
    assert json.loads(shown.decode(errors="surrogatepass")) == without(value, fields)
    assert (shown, True) == redacted("json", body, fields)


@quick
@given(st.lists(st.tuples(names, st.text(max_size=8)), max_size=6))
def test_forms_as_python_reads_them(wasm: Path, pairs: list[tuple[str, str]]) -> None:
    shown, _ = left(Proxy(wasm), FORM, b"&" + urlencode(pairs, errors="replace").encode())
    fields = Fields()
    for (name, value), (found, read) in zip(
        [pair for pair in pairs if "=" not in pair[0]],
        [pair for pair in parse_qsl(shown.decode(), keep_blank_values=True) if "=" not in pair[0]],
        strict=True,
    ):
        if fields.hides(as_names(name).rpartition(b".")[2], as_names(name)):
            assert (found, read) == (name, "[redacted]" if value else "")


KINDS = {
    "json": "application/json", "form": FORM, "text": "text/html", "unknown": "", "other": "image/png",
    "multipart": "multipart/mixed",
}  # fmt: skip


def test_any_body_leaves_what_the_readme_says(wasm: Path) -> None:
    random, fields = Random(5), Fields()
    for _ in range(30):
        proxy = Proxy(wasm)
        for _ in range(100):
            body = some_body(random, SECRETS)
            kind = random.choice(list(KINDS))
            shown, cut = left(proxy, KINDS[kind], *(body[at : at + 7] for at in range(0, len(body), 7)))
            wanted, whole = redacted(kind, body, fields)
            assert (shown, cut) == (wanted, not whole), body
            if kind == "json":
                assert SECRET not in shown, body


def test_no_form_leaves_a_listed_value(wasm: Path) -> None:
    maker, proxy = Maker(Random(6), SECRETS), Proxy(wasm)
    for _ in range(1000):
        body = maker.form()
        shown, cut = left(proxy, FORM, body)
        assert SECRET not in shown, body
        assert (shown, not cut) == redacted("form", body, Fields())


def test_otlp_reads_the_same(wasm: Path) -> None:
    proxy = Proxy(wasm, {"format": "otlp", "bodies": "on", "batch": {"count": 1}})
    proxy.run(Exchange(request=typed("application/json"), request_body=[b'{"pin":1}']))
    _, (record,) = judges.otlp(proxy.machine.calls[0].body)
    assert record["attributes"]["http.request.body.content"] == '{"pin":"[redacted]"}'
