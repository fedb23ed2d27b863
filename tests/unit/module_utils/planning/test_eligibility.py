# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import pytest
from ansible_collections.openclarity.wasm_filters.plugins.module_utils.domain.plan import State, Target
from ansible_collections.openclarity.wasm_filters.plugins.module_utils.planning.candidates import Candidate
from ansible_collections.openclarity.wasm_filters.plugins.module_utils.planning.eligibility import exclusions, target
from ansible_collections.openclarity.wasm_filters.plugins.module_utils.planning.injection import Injection

from tests.unit.objects import kind_of, namespace, workload

SIDECAR, PROXY_ONLY, NOTHING = Injection(True, True), Injection(True, False), Injection(False)


def reason(labels: dict[str, str], state: State = State.PRESENT) -> str:
    entry = namespace("shop")
    entry["metadata"]["labels"] = labels
    return target("c", "shop", entry, state).reason


@pytest.mark.parametrize("labels", [{"istio-injection": "enabled"}, {"istio.io/rev": "canary"}])
def test_injected(labels: dict[str, str]) -> None:
    assert reason(labels) == ""


@pytest.mark.parametrize(
    "labels",
    [{}, {"istio-injection": "disabled"}, {"istio-injection": "disabled", "istio.io/rev": "x"}, {"istio.io/rev": ""}],
)
def test_not_injected(labels: dict[str, str]) -> None:
    assert reason(labels) == "not_injected"
    assert reason(labels, State.ABSENT) == ""


def test_an_eligible_namespace_has_no_reason() -> None:
    found = target("c", "shop", namespace("shop"), State.PRESENT)
    assert (found, found.eligible) == (Target("c", "shop"), True)


@pytest.mark.parametrize("state", list(State))
def test_what_no_run_can_do_anything_with(state: State) -> None:
    leaving = namespace("shop")
    leaving["metadata"]["deletionTimestamp"] = "2026-01-01T00:00:00Z"
    found = [
        target("c", "shop", None, state),
        target("c", "shop", leaving, state),
        target("c", "shop", None, state, "you may not"),
    ]
    assert [one.eligible for one in found] == [False] * 3
    assert [one.reason for one in found] == ["namespace_missing", "namespace_terminating", "api_refused"]
    assert found[2].message == "you may not"


def test_a_reason_is_plain_text() -> None:
    """Ansible and JSON see it."""
    assert type(target("c", "shop", None, State.PRESENT).reason) is str


def judged(labels: dict[str, str], *injections: Injection, served: tuple[str, ...] = ()) -> Target:
    entry = namespace("shop")
    entry["metadata"]["labels"] = labels
    return target("c", "shop", entry, State.PRESENT, None, injections, served)


def test_a_namespace_in_which_one_new_pod_would_get_a_proxy_is_eligible_whatever_its_labels() -> None:
    for labels in ({}, {"istio-injection": "enabled"}, {"istio.io/dataplane-mode": "ambient"}):
        assert judged(labels, NOTHING, SIDECAR).eligible
        assert judged(labels, PROXY_ONLY).eligible


def test_a_label_that_no_injector_answers_to_is_not_enough() -> None:
    found = judged({"istio.io/rev": "1-20-gone"}, NOTHING, NOTHING, served=("1-21", "prod"))
    assert found.reason == "no_injector"
    assert "asks for sidecars by istio.io/rev=1-20-gone" in found.message
    assert found.message.endswith("istio.io/rev of this cluster: 1-21, prod")


def test_an_injector_that_can_not_be_reached_is_told_in_the_api_servers_words() -> None:
    found = judged({"istio-injection": "enabled"}, Injection(False, said="connection refused"))
    assert (found.reason, found.message.endswith(": connection refused")) == ("no_injector", True)


def test_without_a_label_a_namespace_is_not_injected() -> None:
    assert judged({}, NOTHING).reason == "not_injected"
    ambient = judged({"istio.io/dataplane-mode": "ambient"}, NOTHING)
    assert ambient.reason == "not_injected" and "is ambient" in ambient.message
    assert "ambient" not in judged({}, NOTHING).message


def test_a_removal_takes_any_namespace() -> None:
    entry = namespace("shop")
    entry["metadata"]["labels"] = {}
    assert target("c", "shop", entry, State.ABSENT, None, [NOTHING]).eligible


def test_workloads_that_would_not_run_the_filter_are_left_alone() -> None:
    def one(name: str) -> Candidate:
        entry = workload(name=name)
        return Candidate("shop", kind_of(entry), entry, {})

    pairs = [(one("a"), SIDECAR), (one("b"), NOTHING), (one("c"), PROXY_ONLY), (one("d"), Injection(False, said="no"))]
    found = list(exclusions("c", pairs))
    assert [(found.name, found.kind, found.reason) for found in found] == [
        ("b", "Deployment", "no_sidecar"),
        ("c", "Deployment", "no_mount"),
        ("d", "Deployment", "no_sidecar"),
    ]
    assert {type(one.reason) for one in found} == {str}
    assert found[2].message == "a new pod of it would not be created: no"
    (ambient,) = exclusions("c", [(one("b"), NOTHING)], {"shop"})
    assert "ambient" in ambient.message and "ambient" not in found[0].message
