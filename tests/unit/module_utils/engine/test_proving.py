# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from ansible_collections.openclarity.wasm_filters.plugins.module_utils.deliveries.expectations import (
    Expectation,
    Expectations,
)
from ansible_collections.openclarity.wasm_filters.plugins.module_utils.domain.errors import ApiError, api_error
from ansible_collections.openclarity.wasm_filters.plugins.module_utils.domain.plan import ProofMode
from ansible_collections.openclarity.wasm_filters.plugins.module_utils.engine.bus import Bus
from ansible_collections.openclarity.wasm_filters.plugins.module_utils.engine.commands import Dispatch, SetTimer
from ansible_collections.openclarity.wasm_filters.plugins.module_utils.engine.events import Answered, Failed
from ansible_collections.openclarity.wasm_filters.plugins.module_utils.engine.proving import (
    AT_ONCE,
    PAUSE_SECONDS,
    Proving,
    Question,
    Terms,
    holds_up,
)
from ansible_collections.openclarity.wasm_filters.plugins.module_utils.probes.expected import Expected
from ansible_collections.openclarity.wasm_filters.plugins.module_utils.probes.proof import PodProof, Proof

from tests.unit.objects import NAMES, R1

LABELS = {NAMES.pod_label: R1}


def question(namespace: str, changed: bool, period_seconds: int = 2, **given: Any) -> Question:
    expected = Expected(NAMES, R1, LABELS, True, frozenset({"SIDECAR_OUTBOUND"}))
    expectations = Expectations(expected.selector, NAMES.pod_label, {R1: Expectation(expected, period_seconds)})
    return Question(namespace, expectations, changed, **given)


SILENT = api_error("get", 503, "no route to host")


def pod(name: str, app: str = "web", sidecar: bool = True, ready: bool = True) -> dict[str, Any]:
    mounts = [{"name": NAMES.volume, "mountPath": NAMES.mount_path}]
    containers = [{"name": "istio-proxy", "args": ["proxy", "sidecar"], "volumeMounts": mounts}] if sidecar else []
    conditions = [{"type": "Ready", "status": str(ready)}]
    metadata = {"name": name, "uid": f"uid-{name}", "labels": {**LABELS, "app": app}}
    return {"metadata": metadata, "spec": {"containers": containers}, "status": {"conditions": conditions}}


def page(heartbeat: int, revision: str = R1) -> str:
    return f"wasmcustom_trace_revision{{}} {int(revision, 16)}\nwasmcustom_trace_heartbeat{{}} {heartbeat}\n"


class Prove:
    """A proof of namespaces, told what is answered."""

    def __init__(self, *questions: Question, **terms: Any) -> None:
        self.bus, self.now = Bus(0), 100.0
        questions = questions or (question("shop", True),)
        self.proving = Proving(self.bus, NAMES.name, Terms(ProofMode.AUTO, **terms))
        for one in questions:
            self.proving.ask(one, self.now)
        self.open: list[Dispatch] = []
        self.timers: list[SetTimer] = []
        self._take()

    def _take(self) -> None:
        taken = self.bus.taken()
        self.open += [command for command in taken if isinstance(command, Dispatch)]
        self.timers += [command for command in taken if isinstance(command, SetTimer)]

    @property
    def asked(self) -> list[str]:
        """Namespaces that are LISTed, and pods whose page is asked for."""
        return [one.request.path.partition(":15090")[0].rpartition("/")[2] for one in self.open]

    def answer(self, answer: Any, at: int = 0) -> None:
        token = self.open.pop(at).token
        done = Failed(token, answer) if isinstance(answer, ApiError) else Answered(token, answer)
        self.bus.answered(done, self.now)
        self._take()

    def pods(self, *pods: dict[str, Any]) -> Prove:
        self.answer((list(pods), "1"))
        return self

    def wait(self, seconds: float = PAUSE_SECONDS) -> None:
        self.now += seconds
        due = [one for one in self.timers if one.at <= self.now]
        self.timers = [one for one in self.timers if one.at > self.now]
        for timer in due:
            self.bus.fired(timer.token, self.now)
        self._take()

    def proofs(self, namespace: str = "shop") -> dict[str, tuple[str, str]]:
        return {one.name: (one.proof, one.reason) for one in self.proving.proofs(namespace)}


def test_each_pod_is_asked_until_it_is_proved() -> None:
    prove = Prove().pods(pod("a"), pod("b"))
    assert prove.asked == ["a", "b"]
    prove.answer(page(0))
    prove.answer(page(10))
    assert not prove.proving.finished and prove.asked == []
    prove.wait()
    prove.answer(page(12), prove.asked.index("a"))
    assert prove.proofs() == {"a": ("proved", "")}
    prove.answer(page(10))
    prove.wait()
    assert prove.asked == ["b"]
    prove.answer(page(12))
    assert prove.proofs() == {"a": ("proved", ""), "b": ("proved", "")}
    assert prove.proving.finished


def test_only_pods_with_the_label_are_listed() -> None:
    (listed,) = Prove().open
    assert (listed.request.path, listed.request.label_selector) == (
        "/api/v1/namespaces/shop/pods",
        f"{NAMES.pod_label}={R1}",
    )


def test_when_there_is_no_more_time_what_was_seen_last_counts() -> None:
    prove = Prove(seconds=5.0).pods(pod("a"), pod("b"), pod("c"))
    for _sample in range(3):
        prove.answer(page(10))
        prove.answer(page(10, "77aa00bb11"))
        prove.answer(SILENT)
        assert prove.proving.finished == (prove.now > 103)
        prove.wait()
    assert prove.proofs() == {
        "a": ("disproved", "not_running"),
        "b": ("disproved", "wrong_revision"),
        "c": ("unproved", "no_answer"),
    }


def test_a_list_that_took_long_leaves_the_pods_their_time() -> None:
    prove = Prove(seconds=5.0)
    prove.now += 50
    prove.pods(pod("a"))
    prove.answer(page(0))
    prove.wait()
    prove.answer(page(5))
    assert prove.proofs() == {"a": ("proved", "")}


def test_a_pod_that_was_not_given_all_of_it_is_not_asked() -> None:
    prove = Prove().pods(pod("bare", sidecar=False))
    assert prove.asked == [] and prove.proving.finished
    assert prove.proofs() == {"bare": ("disproved", "no_sidecar")}


def test_of_a_namespace_that_was_not_changed_no_page_is_asked_for() -> None:
    prove = Prove(question("shop", False)).pods(pod("a"), pod("bare", sidecar=False))
    assert prove.asked == [] and prove.proving.finished
    assert prove.proofs() == {"bare": ("disproved", "no_sidecar")}


def test_a_new_pod_has_nothing_of_before() -> None:
    draining = "envoy_listener_manager_total_filter_chains_draining{} 4\n"
    fresh = question("shop", True, fresh=({"app": "web"},))
    prove = Prove(fresh).pods(pod("a"), pod("b", "other"))
    for _sample in range(2):
        prove.answer(page(10 + _sample) + draining)
        prove.answer(page(10 + _sample) + draining)
        prove.wait()
    assert prove.proofs() == {"a": ("proved", "")}
    assert prove.asked == ["b"]


def test_pods_of_a_failed_workload_are_not_waited_for() -> None:
    prove = Prove(question("shop", True, failed=({"app": "web"},))).pods(pod("a"))
    assert prove.proving.finished and prove.proofs() == {}


def test_a_pod_that_is_not_ready_is_asked_only_where_it_was_ready() -> None:
    ill = Prove().pods(pod("a", ready=False), pod("bare", sidecar=False, ready=False))
    assert ill.asked == [] and ill.proofs() == {"bare": ("disproved", "no_sidecar")}
    assert Prove(question("shop", True, rolled=({"app": "web"},))).pods(pod("a", ready=False)).asked == ["a"]


def test_who_may_not_ask_asks_once() -> None:
    refused = api_error("get", 403, "pods/proxy is forbidden")
    prove = Prove().pods(*(pod(f"p{at:02}") for at in range(AT_ONCE + 5)))
    prove.answer(refused)
    assert len(prove.open) == AT_ONCE - 1, "those behind it are not asked any more"
    while prove.open:
        prove.answer(refused)
    assert prove.proving.finished
    assert set(prove.proofs().values()) == {("unproved", "proof_forbidden")}
    assert len(prove.proofs()) == AT_ONCE + 5


def test_a_pod_that_is_gone_is_no_pod() -> None:
    prove = Prove().pods(pod("a"), pod("b"))
    prove.answer(api_error("get", 404, "pods a not found"))
    prove.answer(page(0))
    prove.wait()
    prove.answer(page(5))
    assert prove.proving.finished and prove.proofs() == {"b": ("proved", "")}


def test_pods_that_cannot_be_listed_are_not_known() -> None:
    prove = Prove()
    prove.answer(api_error("list", 500, "etcd is gone"))
    assert prove.proving.finished
    (found,) = prove.proving.proofs("shop")
    assert (found.name, found.proof, found.reason, found.message) == ("", "unproved", "no_answer", "etcd is gone")


def test_a_page_that_is_none_is_no_answer() -> None:
    prove = Prove(seconds=1.0).pods(pod("a"))
    prove.answer("wasmcustom_trace_revision{} soon\n")
    assert prove.proofs() == {"a": ("unproved", "no_answer")}


def test_a_foreign_filter_has_nothing_to_be_asked_for() -> None:
    prove = Prove(question("shop", True, 0)).pods(pod("a"), pod("bare", sidecar=False))
    assert prove.asked == [] and prove.proving.finished
    assert prove.proofs() == {"a": ("unproved", "foreign_filter"), "bare": ("disproved", "no_sidecar")}


def test_not_all_are_asked_at_once() -> None:
    prove = Prove().pods(*(pod(f"p{at:02}") for at in range(AT_ONCE + 1)))
    assert len(prove.open) == AT_ONCE
    prove.answer(page(0))
    assert prove.asked[-1] == f"p{AT_ONCE:02}"


def answered(prove: Prove, **shown: Callable[[], Any]) -> None:
    """Until there is nothing more to ask; `shown`: what each pod's sidecar answers."""
    while not prove.proving.finished:
        while prove.open:
            prove.answer(shown[prove.asked[0]]())
        prove.wait()


def test_what_was_asked_long_ago_is_looked_at_again() -> None:
    prove = Prove(seconds=5.0).pods(pod("a"), pod("b"), pod("c"))

    def runs() -> str:
        return page(int(prove.now))

    answered(prove, a=runs, b=lambda: page(10, "77aa00bb11"), c=lambda: SILENT)
    assert prove.proofs() == {
        "a": ("proved", ""),
        "b": ("disproved", "wrong_revision"),
        "c": ("unproved", "no_answer"),
    }
    prove.proving.ask_again(100.0, prove.now)
    assert prove.proving.finished, "not those that were listed since then"
    prove.proving.ask_again(prove.now, prove.now)
    prove._take()
    prove.pods(pod("a"), pod("b"), pod("c"), pod("d"))
    assert sorted(prove.asked) == ["c", "d"], "of the others it is known"
    answered(prove, c=runs, d=runs)
    assert prove.proofs() == {
        "a": ("proved", ""),
        "b": ("disproved", "wrong_revision"),
        "c": ("proved", ""),
        "d": ("proved", ""),
    }


def test_what_is_under_way_is_not_asked_twice_nor_what_was_not_changed() -> None:
    prove = Prove(question("shop", True), question("pay", False))
    prove.answer(([], "1"), at=prove.asked.index("pods", 1))
    prove.proving.ask_again(1000.0, prove.now)
    prove._take()
    assert [one.request.path for one in prove.open] == ["/api/v1/namespaces/shop/pods"]


def test_what_was_forgotten_is_not_known() -> None:
    prove = Prove().pods(pod("a"), pod("b"))
    prove.answer(page(0))
    prove.proving.forget("shop")
    prove.answer(page(5))
    prove.wait()
    assert prove.open == [] and prove.proving.finished and prove.proofs() == {}


def test_after_the_end_nobody_asks() -> None:
    prove = Prove().pods(pod("a"), pod("b"))
    prove.answer(page(0))
    prove.proving.end()
    prove.answer(page(0))
    prove.wait()
    assert prove.open == [] and prove.proving.finished


@pytest.mark.parametrize(
    ("proof", "reason", "fails"),
    [
        ("proved", "", ""),
        ("disproved", "not_running", "auto require warn"),
        ("unproved", "no_answer", "auto require"),
        ("unproved", "draining", "auto require"),
        ("unproved", "proof_forbidden", "require"),
        ("unproved", "foreign_filter", "require"),
        ("unproved", "not_loaded", "require"),
    ],
)
def test_what_fails_a_namespace(proof: str, reason: str, fails: str) -> None:
    found = PodProof("a", Proof(proof), reason)
    assert " ".join(mode for mode in ProofMode if holds_up(Terms(mode), found)) == fails
