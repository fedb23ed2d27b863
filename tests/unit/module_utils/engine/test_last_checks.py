# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from functools import partial

import pytest
from ansible_collections.openclarity.wasm_filters.plugins.module_utils.domain.errors import api_error
from ansible_collections.openclarity.wasm_filters.plugins.module_utils.domain.plan import ProofMode
from ansible_collections.openclarity.wasm_filters.plugins.module_utils.engine.proving import Terms

from tests.simulation.resources import Place
from tests.simulation.store import Change
from tests.unit.objects import NAMES, R1, R2, delivery
from tests.unit.runs import Simulated, cluster


def pods_listed(found: Simulated) -> list[str]:
    """Namespaces whose pods of the revision were asked for."""
    asked = [dispatch.request for _at, dispatch in found.executor.dispatched]
    return [
        request.path.split("/")[4]
        for request in asked
        if request.path.endswith("/pods") and request.label_selector.startswith(f"{NAMES.pod_label}=")
    ]


def test_pods_are_looked_at_when_they_are_new() -> None:
    found = cluster("shop", "pay")
    verdicts = found.deploy("shop", "pay", proof=Terms(ProofMode.AUTO))
    # The first ones, and all of them.
    assert sorted(pods_listed(found)) == ["pay", "pay", "shop", "shop"]
    # Simulated pods have no sidecar.
    assert {(one.outcome, one.reason, one.changed) for one in verdicts.values()} == {("failed", "no_sidecar", True)}
    assert {pod["proof"] for one in verdicts["shop"].workloads for pod in one.pods} == {"disproved"}


def test_without_proof_nobody_looks() -> None:
    found = cluster("shop")
    assert found.deploy("shop", proof=Terms(ProofMode.OFF))["shop"].outcome == "deployed"
    assert pods_listed(found) == []


def test_nor_where_nothing_is_changed_in_earnest() -> None:
    found = cluster("shop", dry_run=True)
    assert found.deploy("shop", proof=Terms(ProofMode.AUTO))["shop"].outcome == "deployed"
    assert pods_listed(found) == []


def test_of_what_has_nothing_to_do_is_only_seen_what_its_pods_were_given() -> None:
    found = cluster("shop")
    found.deploy("shop")
    verdict = found.deploy("shop", proof=Terms(ProofMode.AUTO))["shop"]
    assert (verdict.outcome, verdict.reason, verdict.changed) == ("failed", "no_sidecar", False)
    assert pods_listed(found) == ["shop"]
    inline = delivery(name="inline")
    found.deploy("shop", operation=inline)
    assert found.deploy("shop", operation=inline, proof=Terms(ProofMode.AUTO))["shop"].outcome == "unchanged"
    assert pods_listed(found) == []


def taken_away(found: Simulated, kind: str) -> None:
    """Somebody deletes, as soon as it was set, what we have put into shop."""

    def seen(change: Change) -> None:
        place = change.place
        if (place.resource.kind, place.namespace, change.type) == (kind, "shop", "ADDED"):
            found.server.clock.after(0.0, partial(remove, place))

    def remove(place: Place) -> None:
        found.server.store.remove(place, "pruner")

    found.server.store.listeners.append(seen)


@pytest.mark.parametrize("way", ["configmap", "inline"])
@pytest.mark.parametrize("kind", ["ConfigMap", "EnvoyFilter"])
def test_what_was_set_has_to_be_there_at_the_end(way: str, kind: str) -> None:
    found = cluster("shop", "pay")
    taken_away(found, kind)
    verdicts = found.deploy("shop", "pay", operation=delivery(name=way))
    name = f"wasm-filter-{R1}" if kind == "ConfigMap" else "trace-filter" + f"-{R1}" * (way == "configmap")
    shop = verdicts["shop"]
    assert (shop.outcome, shop.reason, shop.changed) == ("failed", "reverted", True)
    assert shop.message.startswith(f"{kind}/{name} was deleted or changed by somebody else during the run; revision")
    assert verdicts["pay"].outcome == "deployed"
    # The next run sets it again.
    found.server.store.listeners.pop()
    assert found.deploy("shop", operation=delivery(name=way))["shop"].outcome == "deployed"


def test_what_others_have_changed_is_not_what_was_set() -> None:
    found = cluster("shop")

    def edit() -> None:
        found.edit("EnvoyFilter", "shop", f"trace-filter-{R1}", {"spec": {"workloadSelector": None}})

    found.server.clock.after(2.0, edit)
    assert found.deploy("shop")["shop"].reason == "reverted"


@pytest.mark.parametrize("status", [403, 500])
def test_where_it_may_not_be_looked_at_again_what_was_answered_counts(status: int) -> None:
    found = cluster("shop")
    seen: list[str] = []

    def gate(verb: str, path: str, _manager: str) -> None:
        if verb == "LIST" and path.endswith("envoyfilters"):
            seen.append(path)
            if len(seen) > 2:
                raise api_error(f"list {path}", status, "no")

    found.server.gates.append(gate)
    taken_away(found, "EnvoyFilter")
    assert found.deploy("shop")["shop"].outcome == "deployed"
    assert len(seen) > 2


def test_what_is_not_proved_keeps_the_revisions_before_it() -> None:
    found = cluster("shop")
    for revision in (R2, "1111111111", "2222222222"):
        found.deploy("shop", operation=delivery(revision))
    found.deploy("shop", operation=delivery("3333333333"), proof=Terms(ProofMode.AUTO))
    assert len(found.names("ConfigMap", "shop")) == 4
