# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import json
from typing import Any

import jsonschema
import pytest
from ansible_collections.openclarity.wasm_filters.plugins.plugin_utils.report.exported_data import (
    COLUMNS_MAX,
    foreign,
    lines,
    ours,
)
from ansible_collections.openclarity.wasm_filters.plugins.plugin_utils.settings.declaration import schema
from hypothesis import given
from hypothesis import strategies as st

from tests.schema_strategies import valid
from tests.unit.objects import REPOSITORY

BINARY = {"sha256": "ab" * 32, "size": 35604}
SERVICE = {"cluster": "outbound|9000||c.t.svc", "authority": "c.t.svc:9000", "kind": "service"}
RESULT = json.loads((REPOSITORY / "docs/schemas/result.schema.json").read_text())
LEAVES = RESULT["properties"]["run"]["properties"]["leaves"]
JUDGE = jsonschema.Draft202012Validator({"$defs": RESULT["$defs"], **LEAVES})


def rows(
    configuration: dict[str, Any],
    backend: dict[str, Any] | None = SERVICE,
    host_allowlist: dict[str, str] | None = None,
) -> dict[str, str]:
    """What stands behind each word at the margin, in one line."""
    found: dict[str, str] = {}
    label = ""
    leaves = ours(configuration, BINARY, backend, host_allowlist)
    assert all(len(line) <= 80 or " " not in line.strip() for line in lines(leaves, check_mode=False, columns=80))
    for line in lines(leaves, check_mode=False, columns=200)[1:]:
        assert len(line) <= COLUMNS_MAX or " " not in line.strip()
        label = line[:9].strip() or label
        found[label] = f"{found.get(label, '')} {line[9:].strip()}".strip()
    return found


def test_without_any_setting_the_defaults_of_the_filter_are_told() -> None:
    told = rows({})
    assert told["what"] == "all exchanges that the pods send"
    assert told["format"] == "publish, one POST for each exchange"
    assert told["to"].startswith("c.t.svc:9000/publish, by Envoy's cluster outbound|9000||c.t.svc: a Service of this")
    assert "mutual TLS" in told["to"] and "PLAIN" not in told["to"]
    assert told["bodies"].startswith("on: of any content type, up to 1000000 bytes of a request and ")
    assert told["headers"].startswith("all, with [redacted] in place of the values of authorization, ")
    more = len(schema()["properties"]["redact_query"]["default"]) - 5
    assert told["query"] == (
        "all, with [redacted] in place of the values of access_token, token, code, password, sig and "
        f"{more} more of the default list"
    )
    assert told["fields"].startswith("all, with [redacted] in place of the values of passcode, pwd, ")
    assert "added" not in told


@pytest.mark.parametrize("kind", ["static", "strict_dns", "headless"])
def test_plain_text_is_told(kind: str) -> None:
    assert "PLAIN TEXT" in rows({}, {**SERVICE, "kind": kind})["to"]


def test_batches_and_their_bodies() -> None:
    told = rows({"format": "otlp", "batch": {"count": 7}})
    assert told["format"] == "otlp, a POST when 7 exchanges or 1000000 bytes wait, and every 1000 ms"
    assert told["bodies"] == "off, none leave"
    assert "fields" not in told
    assert "c.t.svc:9000/v1/logs" in told["to"]
    told = rows({"format": "ndjson", "bodies": "on", "body_content_types": ["text/*"], "request_body_bytes_max": 5})
    assert told["bodies"] == "on: of text/*, up to 5 bytes of a request and 1000000 of a response"


def test_the_choice_of_exchanges() -> None:
    include, exclude = {"methods": ["GET", "PUT"], "hosts": []}, {"paths": ["/health"], "statuses": ["404"]}
    asked = {"cluster": "d", "authority": "c.t.svc:9990"}
    told = rows({"sample_rate": 0.001, "include": include, "exclude": exclude, "context": "inbound"}, SERVICE, asked)
    assert told["what"] == (
        "0.1 % of the exchanges that the pods receive; only with a host that c.t.svc:9990/api/hostsToTrace names, "
        "asked every 30 s; only with methods GET PUT; none with paths /health or statuses 404"
    )


def test_the_share_is_told() -> None:
    always = {"statuses": ["5xx", "0"], "slower_ms": 500}
    assert rows({"sample_rate": 0.1, "sample_by": "trace_id", "sample_always": always})["what"] == (
        "10 % of the exchanges that the pods send, by their trace id as OpenTelemetry does; beside these, without "
        "bodies, any with statuses 5xx 0 or more than 500 ms"
    )
    assert rows({"sample_by": "trace_id"})["what"] == "all exchanges that the pods send"
    assert rows({"sample_by": "parent", "sample_rate": 0.5, "sample_always": {"slower_ms": 9}})["what"] == (
        "exchanges that the pods send whose traceparent says that they are sampled, and of those without one 50 %; "
        "beside these, without bodies, any with more than 9 ms"
    )


def test_nothing_redacted_is_told() -> None:
    told = rows({"redact_headers": ["-*"], "redact_query": ["-*", "k"], "redact_body_fields": ["-*"]})
    assert "NOTHING is redacted" in told["fields"]
    assert "NOTHING is redacted" in told["headers"]
    assert told["query"] == "all, with [redacted] in place of the values of k"


def test_what_is_redacted_is_told_as_the_filter_does_it() -> None:
    told = rows({"redact_headers": ["x-mine", "-cookie"], "redact_query": ["-page_token"]})
    assert told["headers"].startswith("all, with [redacted] in place of the values of authorization, ")
    assert told["headers"].endswith(", x-mine") and " cookie," not in told["headers"]
    assert told["query"].endswith(" more of the default list, but NOT of page_token")
    assert rows({"redact_headers": ["x-mine"]})["headers"].startswith(
        "all, with [redacted] in place of the values of x-mine, authorization, "
    )
    assert rows({"redact_headers": []})["headers"] == rows({})["headers"]
    assert rows({"redact_headers": ["*"]})["headers"] == "their names only, with [redacted] in place of all values"


def test_another_host_header_is_told() -> None:
    assert "c.t.svc:9000/publish (as x)," in rows({"backend": {"authority": "x"}})["to"]


def test_no_credential_is_told() -> None:
    secret = {"path": "/p?key=hunter2", "headers": [["x-token", "hunter2"], ["x-b", "hunter2"]]}
    asked = {"cluster": "d", "authority": "a", "path": "/h?key=hunter2"}
    leaves = ours({"backend": secret, "hosts_from": asked}, BINARY, SERVICE, None)
    assert "hunter2" not in json.dumps(leaves) + "\n".join(lines(leaves, True))
    assert rows({"backend": secret})["added"] == "headers x-token, x-b (values are not shown)"
    assert "/p?..." in rows({"backend": secret})["to"]


def test_a_cluster_that_is_given() -> None:
    told = rows({"backend": {"cluster": "mine", "authority": "h"}}, None)
    assert told["to"] == "h/publish, by Envoy's cluster mine, which is given"
    assert rows({}, None)["to"].startswith("nowhere: ")


def test_of_a_foreign_filter_only_the_file_is_told() -> None:
    leaves = foreign(BINARY)
    text = " ".join(lines(leaves, False))
    assert "foreign" in text and "ab" * 32 in text and "35604" in text
    assert JUDGE.is_valid(leaves)


def test_check_mode_is_another_tense() -> None:
    leaves = ours({}, BINARY, SERVICE, None)
    assert lines(leaves, True)[0] == "What would leave the pods:"
    assert lines(leaves, False)[0] == "What will leave the pods:"


@given(valid(schema()), st.sampled_from([None, SERVICE]))
def test_whatever_the_schema_accepts_can_be_told_and_fits_the_result(
    configuration: dict[str, Any], backend: dict[str, Any] | None
) -> None:
    secret = "a value that stands nowhere else"
    for pair in configuration.get("backend", {}).get("headers", []):
        pair[1] = secret
    leaves = ours(configuration, BINARY, backend, None)
    JUDGE.validate(leaves)
    assert secret not in "\n".join(lines(leaves, False)) + str(leaves)
