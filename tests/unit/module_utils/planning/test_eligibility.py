from __future__ import annotations

import pytest
from ansible_collections.openclarity.wasm_filters.plugins.module_utils.domain.plan import State, Target
from ansible_collections.openclarity.wasm_filters.plugins.module_utils.planning.eligibility import target

from tests.unit.objects import namespace


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
