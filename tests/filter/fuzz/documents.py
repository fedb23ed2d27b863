# SPDX-License-Identifier: Apache-2.0
"""What came out, against what the model says went in."""

import base64
import codecs
import json
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from tests.filter import judges
from tests.filter.fuzz.messages import ID, Header
from tests.filter.fuzz.model import Side, Stream, status_of

HEADER_ATTRIBUTES_MAX = 100
TEXT_BYTES_MAX = 1_333_336
_JUDGED_BYTES = 50_000


class Violation(AssertionError):
    """The filter did what it must not do."""


def _refuse_constant(name: str) -> Any:
    raise Violation(f"{name} is no JSON")


_decoder = json.JSONDecoder(parse_constant=_refuse_constant)


def _as_latin_1(error: UnicodeError) -> tuple[str, int]:
    assert isinstance(error, UnicodeDecodeError)
    return chr(error.object[error.start]), error.start + 1


codecs.register_error("latin-1 else", _as_latin_1)


@lru_cache(maxsize=4096)
def text_of(value: bytes) -> str:
    """The documented reading of bytes: UTF-8 where valid, else Latin-1 byte by byte."""
    return value.decode(errors="latin-1 else")


def cut_text_of(value: bytes) -> str:
    """Without what may be the begin of a character at its end."""
    for length in (1, 2, 3):
        byte = value[-length] if len(value) >= length else 0
        if byte & 0xC0 != 0x80:
            needs = 2 if 0xC2 <= byte <= 0xDF else 3 if 0xE0 <= byte <= 0xEF else 4 if 0xF0 <= byte <= 0xF4 else 0
            return text_of(value[:-length] if needs > length else value)
    return text_of(value)


@dataclass
class Document:
    """The same of each format, as it was read."""

    form: str
    source: str
    path: str
    method: str
    status: str
    headers: list[list[list[str]]]
    bodies: list[bytes | str]
    """Text only where the format tells the two apart."""
    truncated: list[bool]
    number: int | None = None
    """Which exchange it is of, where that is known."""


def form_of(headers: dict[bytes, bytes]) -> str:
    if headers[b"content-type"] == b"application/x-ndjson":
        return "ndjson"
    return {b"/publish": "publish", b"/api/telemetry": "apiclarity", b"/v1/logs": "otlp"}[headers[b":path"]]


def parse(form: str, body: bytes, *, judged: bool) -> list[Document]:
    """Raises Violation for what a backend could not read."""
    try:
        if judged and len(body) < _JUDGED_BYTES:
            judge = {"apiclarity": judges.apiclarity, "ndjson": judges.ndjson, "otlp": judges.otlp}
            judge.get(form, judges.strict_json)(body)
        if form == "otlp":
            (logs,) = _decoder.decode(body.decode())["resourceLogs"]
            (scope,) = logs["scopeLogs"]
            return [_otlp(record) for record in scope["logRecords"]]
        lines = body[:-1].split(b"\n") if form == "ndjson" else [body]
        read = _apiclarity if form == "apiclarity" else _publish
        return [read(form, _decoder.decode(line.decode())) for line in lines]
    except (AssertionError, ValueError, KeyError, TypeError) as error:
        raise Violation(f"{form} that can't be read: {error!r}: {body[:2000]!r}") from error


def _numbered(document: Document) -> Document:
    number = next((value for name, value in document.headers[0] if name == ID.decode()), "")
    document.number = int(number) if number.isdecimal() else None
    return document


def _publish(form: str, read: dict[str, Any]) -> Document:
    sides = [read["scnt_request"], read["scnt_response"]]
    return _numbered(Document(
        form, read["source_address"], sides[0]["path"], sides[0]["method"], sides[1]["status_code"],
        [side["headers"] for side in sides],
        [base64.b64decode(side["body"], validate=True) for side in sides], [side["truncated_body"] for side in sides],
    ))  # fmt: skip


def _apiclarity(form: str, read: dict[str, Any]) -> Document:
    commons = [read["request"]["common"], read["response"]["common"]]
    return _numbered(Document(
        form, read["sourceAddress"], read["request"]["path"], read["request"]["method"], read["response"]["statusCode"],
        [[[pair["key"], pair["value"]] for pair in common["headers"]] for common in commons],
        [base64.b64decode(common["body"], validate=True) for common in commons],
        [common["TruncatedBody"] for common in commons],
    ))  # fmt: skip


def _otlp(record: dict[str, Any]) -> Document:
    values = {pair["key"]: pair["value"] for pair in record["attributes"]}

    def texts(direction: str) -> list[list[str]]:
        prefix = f"http.{direction}.header."
        return [
            [key.removeprefix(prefix), one["stringValue"]]
            for key, value in values.items()
            if key.startswith(prefix)
            for one in value["arrayValue"]["values"]
        ]

    def text(key: str) -> str:
        return str(values.get(key, {}).get("stringValue", ""))

    query = text("url.query")
    source = text("client.address") + ":" + values.get("client.port", {}).get("intValue", "0")
    return _numbered(Document(
        "otlp", source, text("url.path") + ("?" + query if query else ""), text("http.request.method"),
        values.get("http.response.status_code", {}).get("intValue", "0"), [texts("request"), texts("response")],
        [_body(values, side) for side in ("request", "response")],
        [f"http.exchange.{side}.body_truncated" in values for side in ("request", "response")],
    ))  # fmt: skip


def _body(values: dict[str, Any], side: str) -> bytes | str:
    plain, coded = values.get(f"http.{side}.body.content"), values.get(f"http.exchange.{side}.body_coded")
    if plain is not None and coded is not None:
        raise Violation(f"two bodies of a {side}")
    if plain is not None and "stringValue" in plain:
        return str(plain["stringValue"])
    if plain is not None and is_coding(values, side):
        raise Violation(f"a compressed body of a {side} as its content")
    return base64.b64decode((plain or coded or {"bytesValue": ""})["bytesValue"], validate=True)


def is_coding(values: dict[str, Any], side: str) -> bool:
    """By the first value of its header, if that is among the attributes."""
    key = f"http.{side}.header.content-encoding"
    found = [
        one["stringValue"].lower() for one in values.get(key, {"arrayValue": {"values": []}})["arrayValue"]["values"]
    ]
    return next((one for one in found if one), "identity") != "identity"


def _first_shown(headers: list[Header], name: bytes) -> str:
    return text_of(next((header.shown for header in headers if header.name == name and header.shown), b""))


def _shown(form: str, headers: list[Header], *, is_request: bool) -> list[list[str]]:
    host = (_first_shown(headers, b":authority") or _first_shown(headers, b"host")) if is_request else ""
    if form == "otlp":
        result = []
        names: set[bytes] = set()
        for at, header in enumerate(headers[:HEADER_ATTRIBUTES_MAX]):
            if header.name.startswith(b":") or header.name in names:
                continue
            names.add(header.name)
            result += [[text_of(header.name), text_of(one.shown)] for one in headers[at:] if one.name == header.name]
        return result
    shown = [header for header in headers if not header.name.startswith(b":") and not (host and header.name == b"host")]
    return ([["host", host]] if host else []) + [[text_of(one.name), text_of(one.shown)] for one in shown]


def compare(document: Document, stream: Stream) -> None:
    """Raises Violation where the document is not what the model of its exchange says."""
    sides = stream.sides
    headers = sides[0].headers
    if stream.source is not None:
        _same("source", document.source, stream.source)
    path, method = _first_shown(headers, b":path"), _first_shown(headers, b":method")
    _same("method", document.method, method)
    _same("path", document.path, path.rstrip("?") if document.form == "otlp" and path.count("?") == 1 else path)
    _same("status", document.status, status_of(sides[1].headers).decode())
    for at, (name, side) in enumerate(zip(("request", "response"), sides, strict=True)):
        shown = _shown(document.form, side.headers, is_request=at == 0)
        if at == 1 and stream.trailer and document.form != "otlp":
            shown.append(["grpc-status", str(stream.grpc)])
        _same(f"{name}'s headers", document.headers[at], shown)
        _compare_body(name, document, at, side)
        if side.at_risk:
            continue
        _same(f"mark of the {name}'s body", document.truncated[at], side.body_cut)


def _compare_body(name: str, document: Document, at: int, side: Side) -> None:
    found, kept = document.bodies[at], side.shown
    is_text = document.form == "otlp" and side.is_text and len(kept) > 0
    # Where escaping could take more than base64 would, either is right.
    if is_text and (isinstance(found, str) or len(kept) * 6 < TEXT_BYTES_MAX):
        whole: bytes | str = cut_text_of(kept) if document.truncated[at] else text_of(kept)
    else:
        whole = kept
    if side.at_risk:
        empty: bytes | str = "" if isinstance(whole, str) else b""
        if not (found or empty) == whole[: len(found)]:
            raise Violation(f"the {name}'s body is no part of what it was")
        if len(found) < len(whole) and not document.truncated[at]:
            raise Violation(f"the {name}'s body is cut and not marked")
        return
    _same(f"{name}'s body", found, whole)


def _same(what: str, found: object, expected: object) -> None:
    if found != expected:
        raise Violation(f"the {what}: {str(found)[:1500]!r}, but it was {str(expected)[:1500]!r}")
