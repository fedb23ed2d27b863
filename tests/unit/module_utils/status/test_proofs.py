# SPDX-License-Identifier: Apache-2.0
"""Sidecars are asked, all together, until it is known or will not be."""

from __future__ import annotations

import pytest
from ansible_collections.openclarity.wasm_filters.plugins.module_utils.probes.proof import PodProof
from ansible_collections.openclarity.wasm_filters.plugins.module_utils.status.proofs import AT_ONCE, LONGEST_SECONDS

from tests.unit.module_utils.status.sidecars import (
    Cluster,
    Page,
    configuration,
    empty,
    envoy_filter,
    found,
    page,
    pod,
    refusing,
)
from tests.unit.objects import NAMES, R2


def known(proofs: list[PodProof]) -> dict[str, tuple[str, str]]:
    return {one.name: (one.proof.value, str(one.reason)) for one in proofs}


def test_it_is_proved_by_two_pages_a_heartbeat_apart() -> None:
    # A tick may be a little late.
    there = Cluster(pod("a"), pod("b"), a=page(period=5.4), b=page(period=5.4))
    proofs = there.proofs(shop=[found(envoy_filter())]).of("shop")["trace"]
    assert known(proofs) == {"a": ("proved", ""), "b": ("proved", "")}
    assert there.asked == ["a", "b", "a", "b"] and 5 < there.now < 7
    assert proofs[0].metrics["heartbeat"] > 1_795_408_000


@pytest.mark.parametrize(
    ("said", "known_to_be"),
    [
        (page(R2), ("disproved", "wrong_revision")),
        (page(period=0), ("disproved", "not_running")),
        (empty, ("disproved", "not_loaded")),
        (page(draining=2), ("unproved", "draining")),
        (refusing(503), ("unproved", "no_answer")),
        (lambda _now: "wasmcustom_trace_revision{} much", ("unproved", "no_answer")),
    ],
)
def test_what_else_becomes_known(said: Page, known_to_be: tuple[str, str]) -> None:
    there = Cluster(pod("a"), a=said)
    assert known(there.proofs(shop=[found(envoy_filter())]).of("shop")["trace"]) == {"a": known_to_be}
    # In virtual time: nobody is waited for any longer.
    assert there.now < 15


def test_what_is_just_being_loaded_gets_a_third_look() -> None:
    def later(now: float) -> str:
        return page(since=3)(now) if now > 3 else empty(now)

    there = Cluster(pod("a"), a=later)
    assert known(there.proofs(shop=[found(envoy_filter())]).of("shop")["trace"]) == {"a": ("proved", "")}


def test_a_slow_heartbeat_is_waited_for() -> None:
    slow = envoy_filter(given=configuration(seconds=60))
    there = Cluster(pod("a"), a=page(period=60))
    assert known(there.proofs(shop=[found(slow)]).of("shop")["trace"]) == {"a": ("proved", "")}
    assert there.asked == ["a", "a"] and 60 < there.now < 62


def test_an_inbound_filter_may_have_no_listener_to_be_in() -> None:
    there = Cluster(pod("a"), a=empty)
    inbound = found(envoy_filter(context="SIDECAR_INBOUND"))
    assert known(there.proofs(shop=[inbound]).of("shop")["trace"]) == {"a": ("unproved", "not_loaded")}


def test_who_lacks_sidecar_or_mount_is_not_asked() -> None:
    bare = pod("bare")
    bare["spec"] = {"containers": [{"name": "app"}]}
    there = Cluster(bare, pod("unmounted", mount=False))
    proofs = there.proofs(shop=[found(envoy_filter())]).of("shop")["trace"]
    assert known(proofs) == {"bare": ("disproved", "no_sidecar"), "unmounted": ("disproved", "no_mount")}
    assert there.asked == []


def test_a_foreign_filter_is_not_asked_and_its_pods_lack_what_they_lack() -> None:
    there = Cluster(pod("a"), pod("unmounted", mount=False), a=empty)
    proofs = there.proofs(shop=[found(envoy_filter(given={"rate": 5}))]).of("shop")["trace"]
    assert known(proofs) == {"a": ("unproved", "foreign_filter"), "unmounted": ("disproved", "no_mount")}
    assert there.asked == []


def test_who_may_not_ask_is_told_by_one_answer() -> None:
    pods = [pod(f"p{at}") for at in range(3 * AT_ONCE)]
    there = Cluster(*pods, **{one["metadata"]["name"]: refusing(403) for one in pods})
    proofs = there.proofs(shop=[found(envoy_filter())]).of("shop")["trace"]
    assert set(known(proofs).values()) == {("unproved", "proof_forbidden")} and len(proofs) == len(pods)
    assert len(there.asked) == AT_ONCE


def test_another_namespace_may_be_asked_all_the_same() -> None:
    there = Cluster(pod("a"), pod("b", "pay"), a=refusing(403), b=page())
    proofs = there.proofs(shop=[found(envoy_filter())], pay=[found(envoy_filter())])
    assert known(proofs.of("shop")["trace"])["a"][1] == "proof_forbidden"
    assert known(proofs.of("pay")["trace"]) == {"b": ("proved", "")}


def test_a_pod_that_is_gone_is_no_matter() -> None:
    there = Cluster(pod("a"), a=refusing(404))
    assert there.proofs(shop=[found(envoy_filter())]).of("shop") == {"trace": []}


def test_all_are_asked_together_but_only_so_many_at_once() -> None:
    pods = [pod(f"p{at}") for at in range(5 * AT_ONCE)]
    there = Cluster(*pods, **{one["metadata"]["name"]: page() for one in pods})
    there.proofs(shop=[found(envoy_filter())])
    assert there.most == AT_ONCE and there.now < 8


def test_many_that_do_not_answer_do_not_take_for_ever() -> None:
    pods = [pod(f"p{at}") for at in range(30 * AT_ONCE)]
    there = Cluster(*pods, **{one["metadata"]["name"]: refusing(503) for one in pods})
    there.seconds = 10.0
    proofs = there.proofs(shop=[found(envoy_filter())]).of("shop")["trace"]
    assert set(known(proofs).values()) == {("unproved", "no_answer")} and len(proofs) == len(pods)
    assert there.now < LONGEST_SECONDS + 2 * there.seconds
    # Who was asked has what was answered, all others that they were not.
    said = [one.message.removeprefix("its sidecar does not answer: ") for one in proofs]
    assert said.count("said 503") == len(set(there.asked)) < len(pods)
    assert said.count("there was no time to ask it") == len(pods) - len(set(there.asked))


def test_who_could_not_be_asked_again_is_not_called_ill() -> None:
    pods = [pod(f"p{at}") for at in range(15 * AT_ONCE)]
    there = Cluster(*pods, **{one["metadata"]["name"]: page(period=0) for one in pods})
    there.seconds = 10.0
    proofs = there.proofs(shop=[found(envoy_filter())]).of("shop")["trace"]
    assert ("unproved", "no_answer") in known(proofs).values()
    assert {one.name for one in proofs if one.proof == "disproved"} == {
        name for name in there.asked if there.asked.count(name) == 3
    }


def test_one_list_of_all_where_that_pays_else_one_of_each_namespace() -> None:
    both = {"shop": [found(envoy_filter())], "pay": [found(envoy_filter())]}
    for of_cluster, lists in (
        (4, [f"/api/v1/pods?{NAMES.pod_label}"]),
        (100, [f"/api/v1/namespaces/{name}/pods?{NAMES.pod_label}" for name in ("pay", "shop")]),
    ):
        there = Cluster(pod("a"), pod("b", "pay"), pod("c", "bank"), a=page(), b=page())
        proofs = there.proofs(of_cluster, **both)
        assert there.lists == lists
        assert list(known(proofs.of("shop")["trace"]) | known(proofs.of("pay")["trace"])) == ["a", "b"]


def test_who_may_not_list_all_lists_each_and_what_may_not_be_listed_is_not_known() -> None:
    there = Cluster(pod("a"), pod("b", "pay"), a=page(), b=page())
    there.refused = {"/api/v1/pods": 403, "/api/v1/namespaces/pay/pods": 403}
    proofs = there.proofs(4, shop=[found(envoy_filter())], pay=[found(envoy_filter())])
    assert known(proofs.of("shop")["trace"]) == {"a": ("proved", "")}
    assert known(proofs.of("pay")["trace"]) == {"": ("unproved", "proof_forbidden")}


def test_by_inline_every_pod_with_a_proxy_counts() -> None:
    gone = pod("gone", revision="")
    gone["metadata"]["deletionTimestamp"] = "2026-01-02T03:04:05Z"
    bare = pod("bare", revision="")
    bare["spec"] = {"containers": [{"name": "app"}]}
    there = Cluster(pod("a", revision="", mount=False), bare, gone, a=page(R2))
    proofs = there.proofs(shop=[found(envoy_filter(R2, inline=True))])
    assert known(proofs.of("shop")["trace"]) == {"a": ("proved", "")}
    assert there.lists == ["/api/v1/namespaces/shop/pods?"]
