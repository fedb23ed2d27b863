# SPDX-License-Identifier: Apache-2.0
"""The built filter against its schema, with configurations drawn from the schema itself, fit and unfit."""

import json
import re
from typing import Any

import pytest
from ansible_collections.openclarity.wasm_filters.plugins.plugin_utils.report import exported_data
from ansible_collections.openclarity.wasm_filters.plugins.plugin_utils.settings import (
    configuration,
    declaration,
    redaction,
)
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from tests.filter.builds import FILTER, RELEASED
from tests.filter.host.proxy import REQUEST, Exchange, Proxy
from tests.schema_strategies import exact_validator, mutated, valid

SCHEMA: dict[str, Any] = json.loads((FILTER / "configuration.schema.json").read_text())
JUDGE = exact_validator(SCHEMA)


def errors(configuration: Any) -> int:
    return Proxy(RELEASED, json.dumps(configuration).encode()).metric("configuration_errors")


def only_the_filter_counts(configuration: Any) -> int:
    """What the schema accepts and the filter counts: no backend is an error to it, as nothing is traced."""
    backend = configuration.get("backend", {}) if isinstance(configuration, dict) else {}
    return 0 if isinstance(backend, dict) and "cluster" in backend else 1


def odd_numbers(value: Any) -> bool:
    """The filter reads no minus, not even that of -0.0, and no exponent over 99. The role writes no such number."""
    if isinstance(value, (dict, list)):
        return any(odd_numbers(inner) for inner in (value.values() if isinstance(value, dict) else value))
    return isinstance(value, float) and re.search(r"^-0|e[-+]\d{3}", json.dumps(value)) is not None


def too_long(whole: Any) -> bool:
    """Another one: the schema bounds entries, not all of them together. The role refuses these."""
    return any("bytes" in str(error) for error in configuration.wrong_configuration(whole))


@settings(max_examples=200, deadline=None)
@given(valid(SCHEMA))
def test_what_the_schema_accepts_the_filter_uses(configuration: dict[str, Any]) -> None:
    assume(not too_long(configuration) and not odd_numbers(configuration))
    assert errors(configuration) == only_the_filter_counts(configuration)


@settings(max_examples=300, deadline=None)
@given(mutated(SCHEMA))
def test_what_the_schema_refuses_the_filter_counts(configuration: Any) -> None:
    fits = JUDGE.is_valid(configuration)
    assume(not (fits and (too_long(configuration) or odd_numbers(configuration))))
    counted = errors(configuration) - only_the_filter_counts(configuration)
    assert (counted == 0) == fits, (counted, list(JUDGE.iter_errors(configuration)))


HEADERS_FULL = [[f"x-{number:02}", "v" * 315] for number in range(16)]


@pytest.mark.parametrize(
    "longest",
    [
        {"backend": {"headers": HEADERS_FULL, "path": "/" + "p" * 1023, "authority": "a" * 1024}},
        {"exclude": {"paths": [f"/{number:03}" + "p" * 250 for number in range(56)]}},
    ],
)
def test_as_long_as_the_role_allows_the_filter_takes_it(longest: dict[str, Any]) -> None:
    assert configuration.wrong_configuration(longest) == []
    computed = {"revision": "0" * 10, "name": "n" * 40}
    backend = {"authority": "a" * 253, **longest.get("backend", {}), "cluster": "outbound|65535||" + "c" * 253}
    assert errors({**longest, **computed, "backend": backend}) == 0


@pytest.mark.parametrize(
    "too_long",
    [
        {"backend": {"headers": [[name, value * 2] for name, value in HEADERS_FULL]}},
        {"exclude": {"paths": ["/" + "p" * 300] * 60}},
    ],
)
def test_what_the_role_refuses_as_too_long_the_filter_can_not_use(too_long: dict[str, Any]) -> None:
    assert JUDGE.is_valid(too_long)
    assert len(configuration.wrong_configuration(too_long)) == 1
    assert errors({**too_long, "backend": {**too_long.get("backend", {}), "cluster": "c"}}) == 1


@pytest.mark.parametrize("form", SCHEMA["properties"]["format"]["enum"])
def test_the_summary_says_what_the_filter_does_where_it_is_told_nothing(form: str) -> None:
    proxy = Proxy(RELEASED, {"format": form})
    proxy.run(Exchange(request_body=[b"secret"]))
    proxy.tick()
    (call,) = proxy.machine.calls
    leaves = exported_data.ours({"format": form}, {"sha256": "", "size": 0}, None, None)
    assert dict(call.headers)[b":path"].decode() == leaves["backend"]["path"]
    assert (b"c2VjcmV0" in call.body) == (leaves["bodies"] == "on")


GIVEN = ["x-mine", "x-*", "*", "-cookie", "-*", "-x-page-token", "Cookie", "-authorization", "*-token"]
NAMES = ["cookie", "authorization", "x-page-token", "x-mine", "accept", "x-api-key"]


@settings(max_examples=100, deadline=None)
@given(st.lists(st.sampled_from(GIVEN), max_size=3), st.booleans())
def test_the_summary_says_what_the_filter_redacts(given_names: list[str], with_defaults: bool) -> None:
    default = SCHEMA["properties"]["redact_headers"]["default"]
    listed = [*default, *given_names] if with_defaults else given_names
    request = [*REQUEST, *((name.encode(), b"shown") for name in NAMES)]
    document = Proxy(RELEASED, {"redact_headers": listed}).trace(Exchange(request=request))
    headers = dict(document["scnt_request"]["headers"])
    told = exported_data.ours({"redact_headers": listed}, {"sha256": "", "size": 0}, None, None)["redact_headers"]
    for name in NAMES:
        hidden = any(redaction.covers(entry, name) for entry in told if not entry.startswith("-"))
        shown = any(redaction.covers(entry[1:], name) for entry in told if entry.startswith("-"))
        assert (headers[name] == "[redacted]") == (hidden and not shown), (name, told)


@settings(max_examples=100, deadline=None)
@given(st.sampled_from(sorted(declaration.by_variable())), st.data())
def test_every_variable_of_the_role_reaches_the_filter(variable: str, data: st.DataObject) -> None:
    """By the way that the role goes, from text as -e gives it."""
    setting = declaration.by_variable()[variable].schema
    value = data.draw(valid(setting, SCHEMA))
    if "x-map" in setting:
        value = dict(value)
    given = {variable: str(value) if isinstance(value, (int, float)) else value}
    assert configuration.wrong_settings(given) == []
    chosen = {"cluster": "c", "authority": "a"}
    assert errors(configuration.completed(given, "0" * 10, "trace", chosen, chosen)) == 0
