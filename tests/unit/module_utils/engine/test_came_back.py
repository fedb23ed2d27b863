# SPDX-License-Identifier: Apache-2.0
"""Whole runs whose workloads go back. Simulated pods have no sidecar unless one is put in."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from ansible_collections.openclarity.wasm_filters.plugins.module_utils.domain.errors import api_error
from ansible_collections.openclarity.wasm_filters.plugins.module_utils.domain.plan import OnFailure, ProofMode
from ansible_collections.openclarity.wasm_filters.plugins.module_utils.engine.came_back import PAGES_AT_ONCE
from ansible_collections.openclarity.wasm_filters.plugins.module_utils.engine.commands import Verb
from ansible_collections.openclarity.wasm_filters.plugins.module_utils.engine.proving import Terms

from tests.simulation.values import Object
from tests.unit import objects
from tests.unit.objects import MOUNT, NAMES, R1, R2, delivery
from tests.unit.runs import Simulated

SETTINGS: dict[str, Any] = {"proof": Terms(ProofMode.AUTO), "on_failure": OnFailure.AUTO, "timeout_seconds": 20}


def failing(replicas: int, injects: Callable[[Object], bool]) -> Simulated:
    """A Deployment that does not get ready with the filter. `injects`: whether a pod gets a sidecar."""
    found = Simulated(objects.namespace("shop"), objects.workload("shop", "web", replicas=replicas))
    found.controllers.healthy = lambda pod: not _has_filter(pod)
    found.controllers.owned.inject = lambda pod: _with_sidecar(pod) if injects(pod) else pod
    return found


def _has_filter(pod: Object) -> bool:
    return NAMES.pod_label in pod["metadata"]["labels"]


def _with_sidecar(pod: Object) -> Object:
    mounts = [{"name": NAMES.volume, "mountPath": NAMES.mount_path}] if MOUNT in str(pod) else []
    return {**pod, "spec": {**pod["spec"], "containers": [{"name": "istio-proxy", "volumeMounts": mounts}]}}


def deployed(found: Simulated) -> Any:
    verdict = found.deploy("shop", **SETTINGS)["shop"]
    (web,) = verdict.workloads
    assert (verdict.outcome, web.reason, web.to_revision) == (web.outcome, "rollout_timeout", "none")
    return web


def test_with_their_sidecars_all_is_as_it_was() -> None:
    web = deployed(failing(2, lambda _pod: True))
    assert web.outcome == "rolled_back"
    assert "sidecar" not in web.message


@pytest.mark.parametrize("replicas", [4, 12])
def test_pods_that_came_back_without_one_are_named(replicas: int) -> None:
    found = failing(replicas, _has_filter)
    had = set(found.names("Pod", "shop"))
    web = deployed(found)
    assert web.outcome == "rollback_failed"
    bare = sorted(set(found.names("Pod", "shop")) - had)
    rest = f" and {len(bare) - 1} more" if len(bare) > 1 else ""
    assert bool(rest) == (replicas == 12)
    said = f"but nobody has injected a sidecar into pod {bare[0]}{rest}: its pods have to be created anew"
    assert f"; it is back without the filter, {said} once somebody does" in web.message


def test_one_that_never_had_any_is_as_it_was() -> None:
    found = failing(2, lambda _pod: True)
    assert "istio-proxy" not in str([found.held("Pod", "shop", name) for name in found.names("Pod", "shop")])
    assert deployed(found).outcome == "rolled_back"
    kept = [found.held("Pod", "shop", name) for name in found.names("Pod", "shop")]
    assert not all("istio-proxy" in str(pod) for pod in kept)


def test_one_that_goes_serves_nobody() -> None:
    found = failing(2, lambda _pod: True)
    metadata = {"name": "x", "namespace": "shop", "labels": {"app": "web"}, "creationTimestamp": "2999-01-01T00:00:00Z"}
    gone = {**metadata, "deletionTimestamp": "2999-01-01T00:00:00Z"}
    found.server.seed({"apiVersion": "v1", "kind": "Pod", "metadata": gone, "spec": {"containers": [{"name": "app"}]}})
    assert deployed(found).outcome == "rolled_back"


@pytest.mark.parametrize("mode", [ProofMode.OFF, ProofMode.AUTO])
def test_what_nobody_looks_at_or_may_read_is_not_known(mode: ProofMode) -> None:
    found = failing(2, lambda _pod: False)
    if mode == ProofMode.AUTO:
        found.refuse("LIST .*/pods", 403)
    verdict = found.deploy("shop", **{**SETTINGS, "proof": Terms(mode)})["shop"]
    assert verdict.outcome == "rolled_back"


def back_on_r1(page: Callable[[str, int], str], inject: Callable[[Object], Object] = _with_sidecar) -> Any:
    """What is said of a Deployment on R1 that does not get ready with R2.

    :param page: what the sidecar of a pod shows, by the pod's revision and the time.
    """
    found = Simulated(objects.namespace("shop"), objects.workload("shop", "web", replicas=12))
    found.controllers.owned.inject = inject
    found.deploy("shop")

    def answer(namespace: str, name: str) -> str:
        revision = found.held("Pod", namespace, name)["metadata"]["labels"][NAMES.pod_label]
        return page(revision, int(found.server.clock.now))

    found.server.page = answer
    found.controllers.healthy = lambda pod: pod["metadata"]["labels"][NAMES.pod_label] != R2
    verdict = found.deploy("shop", operation=delivery(R2), **SETTINGS)["shop"]
    (web,) = verdict.workloads
    assert (web.reason, web.from_revision, web.to_revision) == ("rollout_timeout", R1, R1)
    assert verdict.outcome == web.outcome
    return web


def shown(revision: str, heartbeat: int) -> str:
    return f"wasmcustom_trace_revision{{}} {int(revision, 16)}\nwasmcustom_trace_heartbeat{{}} {heartbeat}\n"


def test_it_is_said_that_the_revision_of_before_runs() -> None:
    web = back_on_r1(shown)
    assert web.outcome == "rolled_back"
    assert re.search(rf"; it is back on revision {R1}; the filter runs in \d+ pods$", web.message)


@pytest.mark.parametrize(
    ("page", "said"),
    [
        (lambda revision, _now: shown(revision, 0), "the revision was loaded and does not run: no heartbeat"),
        (lambda _revision, now: shown("0000000009", now), "its sidecar runs revision 0000000009"),
    ],
)
def test_a_revision_that_does_not_run_is_not_back(page: Callable[[str, int], str], said: str) -> None:
    web = back_on_r1(page)
    assert web.outcome == "rollback_failed"
    assert re.search(rf"; it is back on revision {R1}, but pod web-\S+ and \d+ more: {said}$", web.message)


def test_nor_is_one_whose_file_nobody_mounts() -> None:
    seen: set[str] = set()

    def inject(pod: Object) -> Object:
        revision = pod["metadata"]["labels"].get(NAMES.pod_label, "")
        seen.add(revision)
        # After R2 has come there is another injector.
        bare = {**pod, "spec": {**pod["spec"], "containers": [{"name": "istio-proxy"}]}}
        return bare if R2 in seen and revision == R1 else _with_sidecar(pod)

    web = back_on_r1(shown, inject)
    assert web.outcome == "rollback_failed"
    assert f"{NAMES.mount_path} is not mounted into its sidecar" in web.message


def test_what_does_not_answer_is_not_known_to_run() -> None:
    def silent(_revision: str, _now: int) -> str:
        raise api_error("get page", 503, "no route to host")

    web = back_on_r1(silent)
    assert web.outcome == "rolled_back"
    assert "; not known of pod web-" in web.message and "no route to host" in web.message


def test_pods_that_were_never_replaced_are_as_they_were() -> None:
    web = back_on_r1(lambda revision, now: shown(revision, now))
    asked = int(re.findall(r"runs in (\d+) pods", web.message)[0])
    assert 0 < asked < 12, "those that R2 has replaced, and no others"


def test_pages_leave_the_executor_room_for_locks() -> None:
    names = ("shop", "pay", "ops")
    found = Simulated(*(objects.namespace(name) for name in names))
    for name in names:
        found.server.seed(objects.workload(name, "web", replicas=12))
    found.server.clock.run(30)
    found.controllers.owned.inject = _with_sidecar
    found.deploy(*names)
    found.server.page = lambda _namespace, _name: shown(R1, int(found.server.clock.now))
    # None is answered before all that can be has been asked.
    found.server.page_seconds = lambda _path: 3.0
    found.controllers.healthy = lambda pod: pod["metadata"]["labels"][NAMES.pod_label] != R2
    verdicts = found.deploy(*names, operation=delivery(R2), **SETTINGS)
    assert {one.outcome for one in verdicts.values()} == {"rolled_back"}
    asked = [at for at, one in found.executor.dispatched if one.request.verb == Verb.GET_TEXT]
    assert len(asked) > PAGES_AT_ONCE
    assert max(sum(1 for other in asked if at <= other < at + 3.0) for at in asked) == PAGES_AT_ONCE
