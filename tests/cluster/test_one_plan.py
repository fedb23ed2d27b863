# SPDX-License-Identifier: Apache-2.0
"""Each play of a run acts on its own plan, whatever the plays before it have left."""

from __future__ import annotations

import json
import shutil
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from testbed.paths import CHECKOUT
from tests.cluster import manifests
from tests.cluster.conftest import Collection, Outcome
from tests.cluster.kubectl import Kubectl
from tests.cluster.test_deploy import versions

ENVIRONMENT = {"ANSIBLE_COLLECTIONS_PATH": str(CHECKOUT / ".cache" / "collections")}
LABEL = "wasm-filters.openclarity.io"
BINARY = CHECKOUT / "filter" / "dist" / "http-trace-filter.wasm"
Playbook = Callable[..., Outcome]


@pytest.fixture
def namespace(kubectl: Kubectl, new_namespace: Callable[..., str]) -> Callable[[str], str]:
    """A namespace with two workloads whose pods are KWOK's."""

    def make(prefix: str) -> str:
        name = new_namespace(prefix)
        kubectl.apply(*(manifests.workload(name, one, pod=manifests.KWOK) for one in ("web", "data")))
        kubectl.rolled(name, "deployment/web", "deployment/data")
        return name

    return make


@pytest.fixture
def playbook(collection: Collection, tmp_path: Path) -> Playbook:
    """Run plays of the user's own, given as YAML is: a list."""

    def run(*plays: dict[str, Any], result: str = "", arguments: tuple[str, ...] = ()) -> Outcome:
        path = tmp_path / "own.yml"
        path.write_text(json.dumps(plays))
        standing = json.dumps(collection.standing)
        found = tmp_path / result if result else None
        return collection.typed(
            *(str(path), "-e", standing, *arguments), folder=tmp_path, result=found, environment=ENVIRONMENT
        )

    return run


def imported(name: str, **variables: Any) -> dict[str, Any]:
    return {"import_playbook": f"openclarity.wasm_filters.{name}", "vars": variables}


def filters(kubectl: Kubectl, namespace: str) -> set[str]:
    """The names of the filters whose objects are there, and of those that a pod template carries."""
    found = kubectl.get("envoyfilters,configmaps", "-n", namespace, "-l", f"{LABEL}/filter")["items"]
    names = {item["metadata"]["labels"][f"{LABEL}/filter"] for item in found}
    for item in kubectl.get("deployments", "-n", namespace)["items"]:
        labels = item["spec"]["template"]["metadata"]["labels"]
        names |= {label.partition("/")[2] for label in labels if label.startswith(f"{LABEL}/")}
    return names


def test_two_filters_for_two_namespaces_in_one_run(
    kubectl: Kubectl, namespace: Callable[[str], str], collection: Collection, playbook: Playbook
) -> None:
    shop, pay = namespace("shop"), namespace("pay")

    outcome = playbook(
        imported("deploy", namespaces=shop, wasm_filter_name="one"),
        imported("deploy", namespaces=pay, wasm_filter_name="two", wasm_filter_result_file="r.json"),
        result="r.json",
    )

    assert outcome.status == 0, outcome.output
    assert (filters(kubectl, shop), filters(kubectl, pay)) == ({"one"}, {"two"})
    # Left alone by the second play, and told so.
    assert (outcome.recap(shop)["changed"], outcome.recap(shop)["skipped"]) == (1, 1)
    assert outcome.verdicts == {pay: "deployed"}
    # Each has the revision that it has alone.
    for name, one in (("one", shop), ("two", pay)):
        alone = collection.deploy(one, wasm_filter_name=name)
        assert alone.verdicts == {one: "unchanged"}, alone.output


def test_a_removal_after_a_rollout_takes_out_of_its_own_namespaces_only(
    kubectl: Kubectl, namespace: Callable[[str], str], collection: Collection, playbook: Playbook
) -> None:
    shop, pay = namespace("shop"), namespace("pay")
    assert collection.deploy(f"{shop},{pay}").status == 0
    before = versions(kubectl, shop)

    outcome = playbook(imported("deploy", namespaces=shop), imported("remove", namespaces=pay))

    assert outcome.status == 0, outcome.output
    assert (filters(kubectl, shop), filters(kubectl, pay)) == ({"trace"}, set())
    assert versions(kubectl, shop) == before


def test_what_failed_in_an_earlier_play_is_not_started_by_the_next(
    kubectl: Kubectl, namespace: Callable[[str], str], playbook: Playbook
) -> None:
    shop, pay = namespace("shop"), namespace("pay")
    ghost = f"{shop}-ghost"

    outcome = playbook(
        imported("deploy", namespaces=[ghost, shop], wasm_filter_name="one"),
        imported("deploy", namespaces=[ghost, pay], wasm_filter_name="two", wasm_filter_result_file="r.json"),
        result="r.json",
    )

    assert outcome.status != 0
    assert outcome.verdicts == {ghost: "not_started", pay: "deployed"}
    assert (filters(kubectl, shop), filters(kubectl, pay)) == ({"one"}, {"two"})


def own_plays(tasks_between: list[dict[str, Any]], serial: int | None = None, **variables: Any) -> list[dict[str, Any]]:
    """The role in plays of the user's own."""
    role = "openclarity.wasm_filters.wasm_filter"
    prepare = {"import_role": {"name": role, "tasks_from": "prepare"}, "vars": variables}
    deploy = {"import_role": {"name": role, "tasks_from": "deploy"}}
    local = {"hosts": "localhost", "connection": "local", "gather_facts": False}
    local["vars"] = {"ansible_python_interpreter": "{{ ansible_playbook_python }}"}
    second: dict[str, Any] = {"hosts": "wasm_filter_namespaces", "gather_facts": False, "tasks": [deploy]}
    if serial:
        second["serial"] = serial
    return [{**local, "tasks": [prepare, *tasks_between]}, second]


def test_a_serial_of_the_users_own_makes_each_batch_a_run(
    kubectl: Kubectl, namespace: Callable[[str], str], playbook: Playbook
) -> None:
    names = [namespace("batch") for _number in range(3)]

    outcome = playbook(
        *own_plays([], 1, wasm_filter_namespaces=names, wasm_filter_result_file="r.json"), result="r.json"
    )

    assert outcome.status == 0, outcome.output
    assert outcome.output.count("TASK [openclarity.wasm_filters.wasm_filter : Roll out, wave by wave]") == 3
    assert outcome.verdicts == dict.fromkeys(names, "deployed")


def test_another_binary_than_the_plans_is_refused(
    kubectl: Kubectl, namespace: Callable[[str], str], playbook: Playbook, tmp_path: Path
) -> None:
    shop = namespace("swapped")
    before = versions(kubectl, shop)
    shutil.copy(BINARY, tmp_path / "f.wasm")
    swap = {"shell": f"printf '\\0\\1\\0' >> {tmp_path}/f.wasm", "changed_when": False}

    outcome = playbook(
        *own_plays(
            [swap],
            wasm_filter_namespaces=shop,
            wasm_filter_binary_path="f.wasm",
            wasm_filter_result_file="r.json",
        ),
        result="r.json",
    )

    assert outcome.status != 0
    assert outcome.verdicts == {shop: "failed"}
    assert "has changed since the plan was made" in outcome.namespaces[shop]["message"]
    assert versions(kubectl, shop) == before


def test_the_plan_as_a_file_is_as_its_schema_says_and_holds_no_token(
    namespace: Callable[[str], str], collection: Collection, tmp_path: Path
) -> None:
    shop = namespace("planned")
    path = tmp_path / "plan.json"
    outcome = collection.deploy(
        f"{shop},{shop}-ghost",
        "--check",
        "-vvv",
        wasm_filter_plan_file=str(path),
        wasm_filter_serial=[1],
        wasm_filter_trace_backend_headers={"x-token": "hunter2"},
        wasm_filter_trace_backend_path="/publish?key=hunter2",
    )

    plan = json.loads(path.read_text())
    jsonschema.validate(plan, json.loads((CHECKOUT / "docs/schemas/plan.schema.json").read_text()))
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert "hunter2" not in path.read_text()
    assert "hunter2" not in outcome.output.partition("PLAY [")[2]
    assert plan["waves"] == [[shop], [f"{shop}-ghost"]]
    assert [target["reason"] for target in plan["targets"]] == ["", "namespace_missing"]
    assert plan["run"]["id"] == outcome.result["run"]["id"]
    assert plan["revision"] == outcome.namespaces[shop]["workloads"][0]["to"]


def test_a_check_says_in_the_plans_file_which_workloads_and_how_many_pods(
    kubectl: Kubectl, new_namespace: Callable[..., str], collection: Collection, tmp_path: Path
) -> None:
    shop = new_namespace("planned")
    kubectl.apply(manifests.workload(shop, "web", replicas=3, pod=manifests.KWOK))
    kubectl.rolled(shop, "deployment/web")
    path = tmp_path / "plan.json"

    outcome = collection.deploy(shop, "--check", wasm_filter_plan_file=str(path))

    plan = json.loads(path.read_text())
    assert outcome.status == 0, outcome.output
    jsonschema.validate(plan, json.loads((CHECKOUT / "docs/schemas/plan.schema.json").read_text()))
    (web,) = plan["workloads"]
    assert (web["namespace"], web["kind"], web["name"], web["from"]) == (shop, "Deployment", "web", "none")
    assert (web["to"], web["pods_replaced"]) == (plan["revision"], 3)
