# SPDX-License-Identifier: Apache-2.0
"""What a backend would make of a call: strict readers, written from what each format's own project says.

They know nothing of how the filter writes. Each returns the exchanges it read, or raises.
"""

import base64
import json
import re
from typing import Any

Value = dict[str, Any]


def strict_json(text: bytes) -> Any:
    """JSON in UTF-8, where a key may be there once only."""

    def unique(pairs: list[tuple[str, Any]]) -> Value:
        assert len({key for key, _ in pairs}) == len(pairs), f"a key twice: {[key for key, _ in pairs]}"
        return dict(pairs)

    return json.loads(text.decode(), object_pairs_hook=unique)


def _fields(value: Value, /, **kinds: type) -> None:
    """Exactly these members, of exactly these types (a bool is no int)."""
    assert {name: type(member) for name, member in value.items()} == kinds


def apiclarity(body: bytes) -> Value:
    """POST /api/telemetry: plugins/api/swagger.yaml, and what the server behind it refuses with 400."""
    document = strict_json(body)
    assert isinstance(document, dict)
    texts = ("requestID", "scheme", "destinationAddress", "destinationNamespace", "sourceAddress")
    _fields(document, **dict.fromkeys(texts, str), request=dict, response=dict)
    _fields(document["request"], method=str, path=str, host=str, common=dict)
    _fields(document["response"], statusCode=str, common=dict)
    for common in (document["request"]["common"], document["response"]["common"]):
        _fields(common, version=str, headers=list, body=str, TruncatedBody=bool, time=int)
        base64.b64decode(common["body"], validate=True)
        assert 0 <= common["time"] < 1 << 63
        for header in common["headers"]:
            _fields(header, key=str, value=str)
    for address in (document["sourceAddress"], document["destinationAddress"]):
        _host, port = address.split(":")
        assert 0 <= int(port) <= 65535
    int(document["response"]["statusCode"])
    return document


def ndjson(body: bytes) -> list[Value]:
    """A document of the format publish in each line, the last one ended too."""
    assert body.endswith(b"\n")
    documents = [strict_json(line) for line in body[:-1].split(b"\n")]
    for document in documents:
        assert set(document) == {
            "request_id",
            "scheme",
            "destination_address",
            "source_address",
            "scnt_request",
            "scnt_response",
        }
    return documents


def _any_value(value: Value) -> Any:
    """OTLP's AnyValue in its JSON form: one member, 64-bit numbers as strings, bytes in base64."""
    ((kind, content),) = value.items()
    if kind == "stringValue":
        assert isinstance(content, str)
        return content
    if kind == "intValue":
        assert isinstance(content, str) and re.fullmatch(r"-?\d{1,19}", content)
        return int(content)
    if kind == "boolValue":
        assert isinstance(content, bool)
        return content
    if kind == "bytesValue":
        return base64.b64decode(content, validate=True)
    assert kind == "arrayValue"
    _fields(content, values=list)
    return [_any_value(one) for one in content["values"]]


def _attributes(pairs: list[Value]) -> Value:
    for pair in pairs:
        _fields(pair, key=str, value=dict)
        assert pair["key"]
    read = {pair["key"]: _any_value(pair["value"]) for pair in pairs}
    assert len(read) == len(pairs), "attribute keys must be unique"
    return read


def otlp(body: bytes) -> tuple[Value, list[Value]]:
    """ExportLogsServiceRequest in JSON: the resource's attributes, and the records, attributes read."""
    request = strict_json(body)
    _fields(request, resourceLogs=list)
    (resource_logs,) = request["resourceLogs"]
    _fields(resource_logs, resource=dict, scopeLogs=list)
    _fields(resource_logs["resource"], attributes=list)
    resource = _attributes(resource_logs["resource"]["attributes"])
    assert resource["service.name"]
    (scope_logs,) = resource_logs["scopeLogs"]
    _fields(scope_logs, scope=dict, logRecords=list)
    _fields(scope_logs["scope"], name=str)
    assert scope_logs["logRecords"]
    return resource, [_record(record) for record in scope_logs["logRecords"]]


# The attributes of OpenTelemetry's conventions that may appear, with their types: model/ of semantic-conventions.
_CONVENTIONS: dict[str, type | tuple[type, ...]] = {
    "http.request.method": str,
    "url.scheme": str,
    "url.path": str,
    "url.query": str,
    "server.address": str,
    "server.port": int,
    "client.address": str,
    "client.port": int,
    "network.peer.address": str,
    "network.peer.port": int,
    "network.protocol.version": str,
    "user_agent.original": str,
    "http.response.status_code": int,
    "error.type": str,
    "rpc.system.name": str,
    "rpc.method": str,
    "rpc.status_code": str,
    "http.request.body.content": (str, bytes),
    "http.response.body.content": (str, bytes),
    "http.request.body.size": int,
    "http.response.body.size": int,
}


def _record(record: Value) -> Value:
    allowed = {"timeUnixNano", "observedTimeUnixNano", "severityNumber", "eventName", "traceId", "spanId", "attributes"}
    assert set(record) <= allowed
    assert re.fullmatch(r"\d{1,20}", record["timeUnixNano"])
    assert re.fullmatch(r"\d{1,20}", record["observedTimeUnixNano"])
    assert 1 <= record["severityNumber"] <= 24
    assert isinstance(record["eventName"], str)
    if "traceId" in record:
        assert re.fullmatch(r"[0-9a-f]{32}", record["traceId"]) and set(record["traceId"]) != {"0"}
    if "spanId" in record:
        assert re.fullmatch(r"[0-9a-f]{16}", record["spanId"]) and "traceId" in record
    attributes = _attributes(record["attributes"])
    for key, value in attributes.items():
        if key.startswith(("http.request.header.", "http.response.header.")):
            assert isinstance(value, list) and value and all(isinstance(one, str) for one in value)
        elif not key.startswith("http.exchange."):
            wanted = _CONVENTIONS[key]
            assert type(value) in (wanted if isinstance(wanted, tuple) else (wanted,)), key
    return record | {"attributes": attributes}
