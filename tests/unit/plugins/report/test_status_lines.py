"""Few lines, whatever there is to tell."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.openclarity.wasm_filters.plugins.module_utils.status.states import (
    FilterStatus,
    Finding,
    NamespaceStatus,
    State,
    WorkloadStatus,
)
from ansible_collections.openclarity.wasm_filters.plugins.plugin_utils.report.status_lines import LINES_MAX, lines

from tests.unit.objects import R1, R2


def entry(name: str, *states: State, revision: str = R1, message: str = "why") -> dict[str, Any]:
    workloads = tuple(WorkloadStatus("Deployment", f"w{at}", one, message=message) for at, one in enumerate(states))
    return NamespaceStatus(name, (FilterStatus("trace", "configmap", revision, (), workloads),)).as_dict()


def texts(*entries: dict[str, Any], width: int = 80) -> list[str]:
    return [text for text, _color in lines(list(entries), width)]


def test_counts_then_revisions_then_what_is_not_well_the_worst_first() -> None:
    found = texts(
        entry("shop", State.DEPLOYED),
        entry("pay", State.ROLLING),
        entry("bank", State.HALF_DONE, State.HALF_DONE, State.DEPLOYED, revision=R2),
    )
    assert found == [
        "  3 namespaces: 1 half_done, 1 rolling, 1 deployed",
        f"  trace  revision {R1} (configmap) in 2 namespaces",
        f"  trace  revision {R2} (configmap) in 1 namespace",
        "  half_done  bank  Deployment/w0: why (and 1 more)",
        "  rolling    pay   Deployment/w0: why",
    ]


def test_of_several_filters_each_is_named() -> None:
    filters = tuple(
        FilterStatus(name, "inline", R1, (), (), (Finding(State.LOCKED, "why"),)) for name in ("audit", "trace")
    )
    found = texts(NamespaceStatus("shop", filters).as_dict())
    assert found[-2:] == ["  locked  shop  audit: why", "  locked  shop  trace: why"]


def test_what_is_of_the_namespace_is_told_too() -> None:
    found = NamespaceStatus("shop", findings=(Finding(State.MISSING, "there is no such namespace"),)).as_dict()
    assert texts(found) == ["  1 namespace: 1 missing", "  missing  shop  there is no such namespace"]


def test_nothing_at_all_is_said() -> None:
    assert texts() == ["  no namespace has a filter"]


@pytest.mark.parametrize("width", [0, 40, 80, 200])
@pytest.mark.parametrize("bad", [1, 5, 30, 200])
@pytest.mark.parametrize("states", [[State.DRIFTED], list(State)])
def test_200_namespaces_are_few_lines(width: int, bad: int, states: list[State]) -> None:
    entries = [
        entry(f"team-{at:03d}", states[at % len(states)] if at < bad else State.DEPLOYED, message="some words " * 30)
        for at in range(200)
    ]
    found = texts(*entries, width=width)
    assert len(found) <= LINES_MAX
    assert not width or all(len(line) <= width for line in found)
    told = {State(one["state"]) for one in entries} - {State.DEPLOYED}
    assert all(any(line.lstrip().startswith(state.value) for line in found) for state in told)


def test_the_names_of_those_that_have_no_line_follow() -> None:
    found = texts(*(entry(f"n{at}", State.DRIFTED) for at in range(100)), width=0)
    assert len(found) == LINES_MAX
    assert "more: n" in found[-1] and found[-1].endswith("n99")
    assert f"and {100 - (LINES_MAX - 3)} more" in found[-1]


def test_a_long_reason_is_told_whole_where_there_is_room() -> None:
    found = texts(entry("shop", State.DRIFTED, message="word " * 40))
    assert " ".join(found).split().count("word") == 40
    assert len(texts(entry("shop", State.DRIFTED, message="word " * 40), width=0)) == 3
