# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from typing import Any

from ansible_collections.openclarity.wasm_filters.plugins.module_utils.domain.errors import api_error
from ansible_collections.openclarity.wasm_filters.plugins.module_utils.engine.bus import Bus
from ansible_collections.openclarity.wasm_filters.plugins.module_utils.engine.commands import Dispatch
from ansible_collections.openclarity.wasm_filters.plugins.module_utils.engine.comparison import Comparison
from ansible_collections.openclarity.wasm_filters.plugins.module_utils.engine.events import Answered, Failed
from ansible_collections.openclarity.wasm_filters.plugins.module_utils.engine.messages import Compared
from ansible_collections.openclarity.wasm_filters.plugins.module_utils.engine.workload_state import WorkloadState
from ansible_collections.openclarity.wasm_filters.plugins.module_utils.kinds.base import WorkloadKind
from ansible_collections.openclarity.wasm_filters.plugins.module_utils.kinds.deployment import DEPLOYMENT
from ansible_collections.openclarity.wasm_filters.plugins.module_utils.kinds.stateful_set import STATEFUL_SET

from tests.simulation.values import Object, put
from tests.unit.module_utils.engine.workloads import OneWorkload, stored

Changed = set[tuple[WorkloadKind, str | None]]


def one(name: str, namespace: str = "shop") -> WorkloadState:
    return OneWorkload(stored(name=name, namespace=namespace)).state


class Compare:
    """`told`: what each workload was told there is of it."""

    def __init__(self, rolled: list[WorkloadState], changed: Changed) -> None:
        self.told: dict[tuple[str, str], Object | None] = {}
        self.bus = Bus(0)
        self.comparison = Comparison(self.bus, rolled, changed, self._tell, 0.0)
        self.asked = [command for command in self.bus.taken() if isinstance(command, Dispatch)]

    def _tell(self, state: WorkloadState, message: Compared, _now: float) -> None:
        self.told[state.namespace, state.name] = message.object

    def answer(self, at: int, answer: Any) -> None:
        token = self.asked[at].token
        failed = isinstance(answer, Exception)
        self.bus.answered(Failed(token, answer) if failed else Answered(token, (answer, "9")), 1.0)


def test_each_is_told_what_one_list_has_of_it() -> None:
    compare = Compare([one("a"), one("b"), one("c", "pay")], {(DEPLOYMENT, None)})
    assert [dispatch.request.path for dispatch in compare.asked] == ["/apis/apps/v1/deployments"]
    assert (compare.told, compare.comparison.finished) == ({}, False)
    newer = put(stored(name="a"), "spec", "replicas", 9)
    compare.answer(0, [newer, stored(name="c", namespace="pay"), stored(name="other")])
    assert compare.told == {
        ("shop", "a"): newer,
        ("shop", "b"): None,
        ("pay", "c"): stored(name="c", namespace="pay"),
    }
    assert compare.comparison.finished


def test_only_where_something_was_changed_is_asked() -> None:
    rolled = [one("a"), one("b", "pay")]
    compare = Compare(rolled, {(DEPLOYMENT, "shop"), (STATEFUL_SET, "shop")})
    assert {dispatch.request.path for dispatch in compare.asked} == {
        "/apis/apps/v1/namespaces/shop/deployments",
        "/apis/apps/v1/namespaces/shop/statefulsets",
    }
    # The other one is as it was last seen.
    assert compare.told == {("pay", "b"): rolled[1].object}


def test_where_nothing_was_changed_nothing_is_asked() -> None:
    compare = Compare([one("a")], set())
    assert (compare.asked, list(compare.told), compare.comparison.finished) == ([], [("shop", "a")], True)


def test_where_it_can_not_be_asked_what_was_last_seen_counts() -> None:
    rolled = [one("a")]
    compare = Compare(rolled, {(DEPLOYMENT, None)})
    compare.answer(0, api_error("list", 403, "no"))
    assert compare.told == {("shop", "a"): rolled[0].object}
    assert compare.comparison.finished
