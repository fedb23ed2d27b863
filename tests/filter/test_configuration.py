# SPDX-License-Identifier: Apache-2.0
"""What the schema accepts is used; whatever else comes, nothing fails. See test_configuration_schema.py, too."""

import json
import re
import string
from typing import Any

import jsonschema
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from tests.filter.builds import FILTER, RELEASED
from tests.filter.host.proxy import BACKEND, Proxy

SCHEMA: dict[str, Any] = json.loads((FILTER / "configuration.schema.json").read_text())
VALIDATOR = jsonschema.Draft202012Validator(SCHEMA)

visible = "".join(chr(code) for code in range(0x21, 0x7F))
word = st.text(visible, min_size=1, max_size=60)
# None of them is in the exchange that is then traced.
never = st.text("xyz", min_size=5, max_size=9)


def entries(form: str = "{}") -> st.SearchStrategy[list[str]]:
    return st.lists(never.map(form.format), max_size=64)


RULES = {
    "methods": entries(),
    "paths": entries("/{}*"),
    "hosts": entries("{}.*:80"),
    "statuses": st.lists(st.sampled_from(["9XX", "4x4"]), max_size=64),
}
label = st.from_regex(r"[a-z0-9]([a-z0-9-]{0,38}[a-z0-9])?", fullmatch=True)
header_name = st.text(string.ascii_lowercase + string.digits + "-_.", min_size=1, max_size=40)
headers = st.lists(st.tuples(header_name, st.text(visible + " ", max_size=40)).map(list), max_size=16)
size = st.integers(0, 1_000_000)

PATHS = {"publish": "/publish", "apiclarity": "/api/telemetry", "ndjson": "/publish", "otlp": "/v1/logs"}

# A strategy for each property of the schema; test_every_property_is_drawn keeps the two together.
BACKENDS: dict[str, st.SearchStrategy[Any]] = {
    "cluster": word,
    "authority": word,
    "path": word.map("/".__add__),
    "timeout_ms": st.integers(1, 60_000),
    "headers": headers,
}
BATCHES: dict[str, st.SearchStrategy[Any]] = {
    "count": st.integers(1, 10_000),
    "bytes": st.integers(1, 1_000_000),
    "milliseconds": st.integers(100, 60_000),
}
PROPERTIES: dict[str, st.SearchStrategy[Any]] = {
    "revision": st.text("0123456789abcdef", min_size=10, max_size=10),
    "name": label,
    "format": st.sampled_from(SCHEMA["properties"]["format"]["enum"]),
    "context": st.sampled_from(["outbound", "inbound", "gateway"]),
    "backend": st.fixed_dictionaries({"cluster": word}, optional={k: v for k, v in BACKENDS.items() if k != "cluster"}),
    "sample_rate": st.just(1) | st.just(1.0),
    "sample_by": st.sampled_from(["hash", "trace_id", "parent"]),
    "sample_always": st.fixed_dictionaries(
        {}, optional={"statuses": RULES["statuses"], "slower_ms": st.integers(0, 3_600_000)}
    ),
    "include": st.fixed_dictionaries(
        {}, optional=dict.fromkeys(["methods", "paths", "hosts", "statuses"], st.just([]))
    ),
    "exclude": st.fixed_dictionaries({}, optional=RULES),
    "hosts_from": st.fixed_dictionaries(
        {}, optional={"authority": word, "path": word.map("/".__add__), "seconds": st.integers(1, 3600)}
    ),
    "body_content_types": entries("application/*+{}"),
    "batch": st.fixed_dictionaries({}, optional=BATCHES),
    "bodies": st.sampled_from(["on", "off"]),
    "request_body_bytes_max": size | size.map(float),
    "response_body_bytes_max": size,
    "redact_headers": entries("x-{}-*"),
    "redact_query": entries("{}[a]"),
    "redact_body_fields": entries("{}.a"),
    "memory_mib": st.integers(8, 16),
    "heartbeat_seconds": st.integers(1, 60),
}
accepted = st.fixed_dictionaries(
    {"backend": PROPERTIES["backend"]}, optional={k: v for k, v in PROPERTIES.items() if k != "backend"}
)


def errors(configuration: bytes) -> int:
    return Proxy(RELEASED, configuration).metric("configuration_errors")


def test_every_property_is_drawn() -> None:
    assert set(PROPERTIES) == set(SCHEMA["properties"])
    assert set(BACKENDS) == set(SCHEMA["properties"]["backend"]["properties"])
    assert set(BATCHES) == set(SCHEMA["properties"]["batch"]["properties"])
    jsonschema.Draft202012Validator.check_schema(SCHEMA)


def test_the_schema_knows_the_formats_of_the_filter() -> None:
    source = (FILTER / "src/formats/formats.zig").read_text()
    formats = re.findall(r'pub const (\w+) = @import\("\1\.zig"', source)
    assert formats == SCHEMA["properties"]["format"]["enum"]
    for name in formats:
        assert Proxy(RELEASED, {"format": name}).metric("configuration_errors") == 0


@settings(max_examples=200, deadline=None)
@given(accepted, st.booleans())
def test_what_the_schema_accepts_the_filter_uses(configuration: dict[str, Any], ascii_only: bool) -> None:
    assume(VALIDATOR.is_valid(configuration))
    text = json.dumps(configuration, ensure_ascii=ascii_only, indent=None if ascii_only else 1).encode()
    proxy = Proxy(RELEASED, text)
    assert proxy.metric("configuration_errors") == 0, proxy.machine.logs
    assert proxy.metric("revision") == int(configuration.get("revision", "0"), 16)
    proxy.run()
    proxy.tick()
    call = proxy.machine.calls[0]
    assert call.cluster.decode() == configuration["backend"]["cluster"]
    assert call.timeout_ms == configuration["backend"].get("timeout_ms", 5000)
    sent = [[name.decode(), value.decode()] for name, value in call.headers]
    assert sent[6:] == [list(pair) for pair in configuration["backend"].get("headers", [])]
    assert sent[1] == [":path", configuration["backend"].get("path", PATHS[configuration.get("format", "publish")])]


@settings(max_examples=300, deadline=None)
@given(st.binary(max_size=300) | st.text('{}[]",:\\u0e1-. backend', max_size=80).map(str.encode))
def test_any_bytes_are_a_configuration(text: bytes) -> None:
    proxy = Proxy(RELEASED, text)
    proxy.run()
    assert proxy.metric("configuration_errors") >= 1


def test_no_value_is_logged() -> None:
    proxy = Proxy(RELEASED, {"backend": BACKEND | {"headers": [["x-token", "hush\n"]], "path": "hush"}, "hush": "hush"})
    assert proxy.metric("configuration_errors") == 3
    assert proxy.machine.logs != []
    assert not any(b"hush" in line for line in proxy.machine.logs)


def test_too_long_a_configuration_is_an_error_and_no_more() -> None:
    assert errors(b'{"backend":{"cluster":"c"}}' + b" " * 20_000) == 1
    assert errors(b'{"backend":{"cluster":"c"}}' + b" " * 16_000) == 0
    many = [[f"x-{number}", "v" * 700] for number in range(16)]
    assert Proxy(RELEASED, {"backend": BACKEND | {"headers": many}}).metric("configuration_errors") == 1
