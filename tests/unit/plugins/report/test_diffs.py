# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from typing import Any

from ansible import constants as C
from ansible_collections.openclarity.wasm_filters.plugins.plugin_utils.report.diffs import NAMES_MAX, lines, split_diffs

SPEC = {"trace-filter-1": {"configPatches": ["long"] * 50}}
WEB = ({"label": "0"}, {"label": "1"})


def entry(name: str, before: dict[str, Any], after: dict[str, Any], *workloads: str) -> dict[str, Any]:
    named = [{"kind": "Deployment", "name": workload} for workload in workloads]
    return {"name": name, "workloads": named, "diff": {"before": before, "after": after}}


def new(name: str) -> dict[str, Any]:
    return entry(name, {"Deployment/web": WEB[0]}, {"EnvoyFilter": SPEC, "Deployment/web": WEB[1]}, "web")


def test_what_is_the_same_is_shown_once_and_workloads_by_namespace() -> None:
    common, own = split_diffs([new("shop"), new("pay")])
    (diff,) = common
    assert diff["before_header"] == diff["after_header"] == "the same in 2 namespaces: shop, pay"
    assert (diff["before"], diff["after"]) == ({}, {"EnvoyFilter": SPEC})
    assert own == {
        name: {"before": {"Deployment/web": WEB[0]}, "after": {"Deployment/web": WEB[1]}} for name in ("shop", "pay")
    }


def test_one_namespace_keeps_everything() -> None:
    common, own = split_diffs([new("shop")])
    assert common == []
    assert own["shop"] == {
        "before": {"Deployment/web": WEB[0]},
        "after": {"EnvoyFilter": SPEC, "Deployment/web": WEB[1]},
    }


def test_namespaces_that_come_from_different_revisions_are_groups_of_their_own() -> None:
    old, older = {"EnvoyFilter": {"trace-filter-0": 0}}, {"EnvoyFilter": {"trace-filter-00": 0}}
    after = {"EnvoyFilter": SPEC, "revision 0": "deleted"}
    verdicts = [entry("a", old, after), entry("b", old, after), entry("c", older, after)]
    common, own = split_diffs(verdicts)
    assert [(diff["before_header"], diff["before"], diff["after"]) for diff in common] == [
        ("the same in 2 namespaces: a, b", old, {"EnvoyFilter": SPEC}),
        ("the same in 3 namespaces: a, b, c", {}, {"revision 0": "deleted"}),
    ]
    assert own == {
        "a": {"before": {}, "after": {}},
        "b": {"before": {}, "after": {}},
        "c": {"before": older, "after": {"EnvoyFilter": SPEC}},
    }


def test_nothing_is_lost_and_nothing_told_twice() -> None:
    verdicts = [new("a"), new("b"), entry("c", {"x": 1}, {"y": 2}), {"name": "d"}, entry("e", {}, {})]
    common, own = split_diffs(verdicts)
    for verdict in verdicts:
        name = verdict["name"]
        parts = [own[name], *[diff for diff in common if name in diff["before_header"].partition(": ")[2].split(", ")]]
        for side in ("before", "after"):
            wanted = verdict.get("diff", {}).get(side, {})
            assert sum(len(part[side]) for part in parts) == len(wanted)
            assert {key: value for part in parts for key, value in part[side].items()} == wanted


def test_of_many_namespaces_only_the_first_are_named() -> None:
    names = [f"n{number}" for number in range(NAMES_MAX + 3)]
    ((diff,), _own) = split_diffs([new(name) for name in names])
    assert diff["before_header"] == f"the same in 13 namespaces: {', '.join(names[:NAMES_MAX])} and 3 more"


def test_a_diff_reads_as_ansibles_do() -> None:
    shown = lines({"before_header": "h", "after_header": "h", "before": {"a": 1}, "after": {"a": 2}})
    assert shown == [
        ("--- before: h", C.COLOR_DIFF_REMOVE),
        ("+++ after: h", C.COLOR_DIFF_ADD),
        ("@@ -1,3 +1,3 @@", C.COLOR_DIFF_LINES),
        (" {", None),
        ('-    "a": 1', C.COLOR_DIFF_REMOVE),
        ('+    "a": 2', C.COLOR_DIFF_ADD),
        (" }", None),
    ]
