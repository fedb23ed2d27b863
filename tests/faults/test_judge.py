# SPDX-License-Identifier: Apache-2.0
"""The judge finds lies; and stories are of their seeds."""

from __future__ import annotations

from typing import Any

from tests.faults import judge, story
from tests.faults.scene import LABEL, State
from tests.faults.story import INLINE, REMOVE, Step

R = "0123456789"
OBJECTS: dict[str, Any] = {f"EnvoyFilter/trace-filter-{R}": {}, f"ConfigMap/wasm-filter-{R}": {}}


def state(revision: str, ours: dict[str, Any], leases: int = 0) -> State:
    labels = {LABEL: revision} if revision else {}
    template = {"spec": {"template": {"metadata": {"labels": labels}}}}
    return State({"Deployment/w0": template}, ours, leases)


def entry(verdict: str, to: str, of_workload: str = "", **more: Any) -> dict[str, Any]:
    one = {"kind": "Deployment", "name": "w0", "verdict": of_workload or verdict, "from": "none", "to": to}
    return {"verdict": verdict, "changed": True, "workloads": [{**one, "message": ""}], **more}


def test_what_is_so_is_no_lie() -> None:
    assert judge.lies(Step("deploy"), entry("deployed", R), state(R, OBJECTS)) == []
    assert judge.lies(Step("deploy", INLINE), entry("deployed", "none"), state("", {judge.SLOT: {}})) == []
    assert judge.lies(REMOVE, entry("removed", "none"), state("", {})) == []
    assert judge.lies(Step("deploy"), entry("rolled_back", "none"), state("", {})) == []
    assert judge.lies(Step("deploy"), entry("unchanged", R, changed=False), state(R, OBJECTS, leases=1)) == []


def test_what_is_not_so_is_one() -> None:
    assert judge.lies(Step("deploy"), entry("deployed", R), state("", OBJECTS))
    assert judge.lies(Step("deploy"), entry("deployed", R), state(R, {}))
    assert judge.lies(Step("deploy"), entry("deployed", R), state(R, OBJECTS, leases=1))
    assert judge.lies(Step("deploy"), entry("rolled_back", "none"), state(R, OBJECTS))
    assert judge.lies(Step("deploy"), entry("rolled_back", "none", "failed"), state("", {}))
    assert judge.lies(Step("deploy", INLINE), entry("deployed", "none"), state("", OBJECTS))
    assert judge.lies(REMOVE, entry("removed", "none"), state(R, {}))
    assert judge.lies(REMOVE, entry("removed", "none"), state("", OBJECTS))
    assert judge.differences({"a": 1}, {"a": 2, "b": 1}) == ["a was 1 and is 2", "b was None and is 1"]


def test_a_story_is_of_its_seed() -> None:
    drawn = [story.draw(seed) for seed in range(50)]
    assert drawn == [story.draw(seed) for seed in range(50)]
    assert {one.step.playbook for one in drawn} == {"deploy", "remove"}
    assert {one.kill.moment for one in drawn} == set(story.Moment)
    assert any(one.quota is not None for one in drawn) and any(one.waits for one in drawn)
