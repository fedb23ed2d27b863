# SPDX-License-Identifier: Apache-2.0
"""What a run refuses before it changes anything, and what it says will leave the pods."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jsonschema

from testbed.paths import CHECKOUT
from tests.cluster import manifests
from tests.cluster.conftest import Backend, Collection
from tests.cluster.kubectl import Kubectl, eventually
from tests.cluster.test_deploy import only_pod, versions

RESULT = json.loads((CHECKOUT / "docs/schemas/result.schema.json").read_text())


def test_a_setting_that_the_filter_could_not_use_is_refused_and_nothing_is_changed(
    kubectl: Kubectl, app: Callable[..., str], collection: Collection
) -> None:
    shop = app("refused")
    assert collection.deploy(shop).status == 0
    before = versions(kubectl, shop)

    outcome = collection.deploy(
        shop,
        "-vvv",
        wasm_filter_trace_format="xml",
        wasm_filter_trace_sample_rate="10%",
        wasm_filter_trace_exclude={"statuses": ["4 04"]},
        wasm_filter_trace_backend_headers={"x-token": "hunter2\n"},
    )

    assert outcome.status != 0 and outcome.result == {}
    for said in (
        "Nothing was changed. 4 things have to be put right first:",
        "wasm_filter_trace_format='xml': must be publish, apiclarity, ndjson or otlp",
        "wasm_filter_trace_sample_rate='10%': must be a number from 0 to 1",
        "wasm_filter_trace_exclude.statuses[0]='4 04': must be a status such as 404, 5xx for all of its kind",
        "wasm_filter_trace_backend_headers (entry 1, value)=(not shown): must be text of at most 1024",
    ):
        assert said in outcome.output
    assert "hunter2" not in outcome.output and "leave the pods" not in outcome.output
    assert versions(kubectl, shop) == before


def test_the_sampling_port_has_to_be_one_of_the_backends_and_is_asked(
    kubectl: Kubectl, app: Callable[..., str], backend: Backend, collection: Collection
) -> None:
    shop = app("sampled")
    before = versions(kubectl, shop)
    sampled = {"wasm_filter_trace_sampling_enabled": True, "wasm_filter_delivery": "inline"}

    refused = collection.deploy(shop, **sampled)

    where = f"Service {backend.namespace}/collector"
    assert f"wasm_filter_trace_sampling_port=9990: {where} has no such port; it has: 9000" in refused.output
    assert refused.status != 0 and versions(kubectl, shop) == before

    two_ports = manifests.service(backend.namespace, "collector", 9000, 9000)
    two_ports["spec"]["ports"].append({"port": 9990, "targetPort": 9000, "name": "http-sampling"})
    kubectl.apply(two_ports)
    outcome = collection.deploy(shop, **sampled, wasm_filter_trace_sampling_seconds=1)

    assert outcome.status == 0, outcome.output
    asked = outcome.result["run"]["leaves"]["hosts_from"]
    host = f"collector.{backend.namespace}.svc.cluster.local:9990"
    assert asked == {"address": host, "path": "/api/hostsToTrace", "seconds": 1}
    pod = only_pod(kubectl, shop)["metadata"]["name"]
    eventually("the filter runs", lambda: kubectl.revision_running(shop, pod))
    # This backend has no such page: that the answer can't be used shows that it was asked.
    eventually("it is asked", lambda: kubectl.stats(shop, pod).get("wasmcustom_trace_polls_failed", 0) > 0)
    assert kubectl.stats(shop, pod)["wasmcustom_trace_configuration_errors"] == 0


def test_a_run_says_what_will_leave_before_it_changes_anything(
    kubectl: Kubectl, app: Callable[..., str], backend: Backend, collection: Collection
) -> None:
    shop = app("told")
    chosen: dict[str, Any] = {
        "wasm_filter_trace_format": "otlp",
        "wasm_filter_trace_backend_headers": {"X-Token": "hunter2"},
        "wasm_filter_trace_backend_path": "/v1/logs?key=hunter2",
        "wasm_filter_trace_sample_rate": 0.5,
    }

    tried = collection.deploy(shop, "--check", "-vvv", **chosen)
    done = collection.deploy(shop, **chosen)

    assert "What would leave the pods:" in tried.output
    assert done.output.index("What will leave the pods:") < done.output.index("Roll out, wave by wave")
    for said in (
        "what     50 % of the exchanges that the pods send",
        "format   otlp, a POST when 100 exchanges or 1000000 bytes wait, and every 1000 ms",
        f"to       collector.{backend.namespace}.svc.cluster.local:9000/v1/logs?..., ",
        "bodies   off, none leave",
        "added    headers x-token (values are not shown)",
    ):
        assert said in done.output and said in tried.output
    jsonschema.validate(done.result, RESULT)
    assert done.result["run"]["leaves"]["headers_added"] == ["x-token"]
    assert "hunter2" not in tried.output + done.output + json.dumps([tried.result, done.result])


def test_of_a_foreign_filter_only_its_file_is_said(
    app: Callable[..., str], collection: Collection, tmp_path: Path
) -> None:
    foreign = tmp_path / "foreign.wasm"
    shutil.copy(CHECKOUT / "filter/dist/http-trace-filter.wasm", foreign)
    with foreign.open("ab") as file:
        file.write(b"\0\1\0")  # a custom section without a name or content
    configuration = {"bodies": "what the schema would refuse"}

    outcome = collection.deploy(
        app("foreign"),
        "--check",
        wasm_filter_binary_path=str(foreign),
        wasm_filter_plugin_configuration=configuration,
    )
    assert outcome.status == 0, outcome.output
    assert "the filter is foreign" in outcome.output
    leaves = outcome.result["run"]["leaves"]
    assert set(leaves) == {"foreign", "sha256", "size"} and leaves["sha256"] in outcome.output

    judged = collection.deploy(app("judged"), "--check", wasm_filter_plugin_configuration=configuration)
    assert "wasm_filter_plugin_configuration.bodies='what the schema would refuse': must be on or off" in judged.output
    assert judged.status != 0


def test_a_diff_shows_of_what_is_not_ours_the_names_alone(
    app: Callable[..., str], collection: Collection, tmp_path: Path
) -> None:
    foreign, plan = tmp_path / "foreign.wasm", tmp_path / "plan.json"
    foreign.write_bytes((CHECKOUT / "filter/dist/http-trace-filter.wasm").read_bytes() + b"\0\1\0")
    volumes = [{"name": "mine", "emptyDir": {"medium": "hunter2"}}]
    shop = app("shown", annotations={"sidecar.istio.io/userVolume": json.dumps(volumes)}, pod=manifests.KWOK)
    variables = {
        "wasm_filter_binary_path": str(foreign),
        "wasm_filter_plugin_configuration": {"api_key": "hunter2", "more": [{"of": "hunter2"}]},
        "wasm_filter_plan_file": str(plan),
    }

    tried = collection.deploy(shop, "--check", "--diff", "-vvv", **variables)
    done = collection.deploy(shop, "--diff", "-vvv", **variables)
    gone = collection.remove(shop, "--diff", "-vvv")

    for outcome in (tried, done, gone):
        assert outcome.status == 0, outcome.output
        assert "api_key" in outcome.output and '\\"mine\\"' in outcome.output
        # -vvv shows the command line, as it was typed.
        shown = [line for line in outcome.output.splitlines() if "hunter2" in line]
        assert shown == [] and "hunter2" not in json.dumps(outcome.result) + plan.read_text()
