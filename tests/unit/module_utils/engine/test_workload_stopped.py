# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from ansible_collections.openclarity.wasm_filters.plugins.module_utils.engine.messages import Stopped

from tests.unit.module_utils.engine.workloads import OneWorkload, on_it, pods, rolled, rolling, stored


def test_stopped_before_its_turn_it_was_not_begun() -> None:
    one = OneWorkload(stored()).tell(Stopped())
    assert one.said == ("done", "not_started", "stopped")
    assert one.state.message == "the run was stopped before it was begun"


def test_stopped_before_the_answer_nobody_knows() -> None:
    for one in (OneWorkload(stored()).granted(), OneWorkload(stored()).granted().refused(409)):
        one.tell(Stopped())
        assert one.said == ("done", "failed", "stopped")
        assert "whether it was patched is not known" in one.state.message


def test_stopped_while_its_pods_are_replaced_it_says_who_patched_it() -> None:
    one = rolling()
    one.seen(pods(one.state.object, updated=1)).tell(Stopped())
    assert one.said == ("done", "failed", "stopped")
    assert one.state.message == "patched by this run; 1 of 2 new pods are available when the run was stopped"
    one = OneWorkload(pods(on_it(), updated=1)).tell(Stopped())
    assert one.state.message.startswith("patched by an earlier run; ")


def test_stopped_once_it_has_rolled_it_is_done() -> None:
    assert rolled().tell(Stopped()).said == ("done", "deployed", "")
