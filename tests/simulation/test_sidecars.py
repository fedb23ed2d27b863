# SPDX-License-Identifier: Apache-2.0
"""The simulated sidecars: what they run, and what they show."""

from __future__ import annotations

import random
import re

import pytest
from ansible_collections.openclarity.wasm_filters.plugins.module_utils.domain.errors import ApiError

from tests.simulation.clock import Clock
from tests.simulation.injection import injected
from tests.simulation.resources import RESOURCES, Place
from tests.simulation.scenario import namespace
from tests.simulation.sidecars import Sidecars
from tests.simulation.store import Store
from tests.simulation.tasks import CONFIG_MAP, INLINE, Task
from tests.simulation.values import Object

R1, R2 = "0000000001", "0000000002"
VOLUME, MOUNT = "sidecar.istio.io/userVolume", "sidecar.istio.io/userVolumeMount"


class Mesh:
    """One namespace with one pod, `pod`."""

    def __init__(self, revision: str = "") -> None:
        self.store = Store(Clock())
        self.sidecars = Sidecars(self.store, random.Random(1))
        self.store.put(namespace("shop"), "test")
        self.pod(revision)

    def pod(self, revision: str) -> None:
        labels = {"wasm-filters.openclarity.io/trace": revision} if revision else {}
        annotations = {
            VOLUME: f'[{{"name": "wasm-filter-trace", "configMap": {{"name": "wasm-filter-{revision}"}}}}]',
            MOUNT: '[{"name": "wasm-filter-trace", "mountPath": "/var/local/wasm-filter/trace"}]',
        }
        template = {"metadata": {"labels": labels, "annotations": annotations if revision else {}}}
        metadata = {"name": "pod", "namespace": "shop", "labels": labels}
        self.store.put(self.sidecars.inject(_of_kind("v1", "Pod", metadata, {"template": template})), "test")

    def config_map(self, revision: str) -> None:
        metadata = {"name": f"wasm-filter-{revision}", "namespace": "shop"}
        self.store.put(_of_kind("v1", "ConfigMap", metadata, {}), "test")

    def envoy_filter(self, revision: str, delivery: str = INLINE) -> None:
        release = Task((), revision, delivery).operation().release  # type: ignore[attr-defined]
        name = "trace-filter" if delivery == INLINE else f"trace-filter-{revision}"
        self.store.put(release.envoy_filter("shop", name), "test")

    def delete(self, name: str = "trace-filter", kind: str = "EnvoyFilter") -> None:
        self.store.remove(Place(RESOURCES[kind], "shop", name), "test")

    def page(self, seconds: float = 10.0) -> dict[str, int]:
        self.store.clock.run(self.store.clock.now + seconds)
        page = self.sidecars.page("shop", "pod")
        return {name: int(value) for name, value in re.findall(r"^(\w+)\{\} (\d+)$", page, re.MULTILINE)}

    def runs(self, revision: str) -> bool:
        now = self.store.clock.now
        (one,) = [one for one in self.sidecars.of("shop") if one.gone > now]
        return one.runs("trace", revision, now, now)


def _of_kind(version: str, kind: str, metadata: Object, spec: Object) -> Object:
    return {"apiVersion": version, "kind": kind, "metadata": {**metadata, "uid": f"uid-{kind}"}, "spec": spec}


REVISION, HEARTBEAT = "wasmcustom_trace_revision", "wasmcustom_trace_heartbeat"
DRAINING = "envoy_listener_manager_total_filter_chains_draining"
REJECTED = "envoy_listener_manager_lds_update_rejected"


def test_a_revision_comes_and_its_heartbeat_goes_on() -> None:
    mesh = Mesh()
    assert REVISION not in mesh.page()
    mesh.envoy_filter(R1)
    first, second = mesh.page(), mesh.page()
    assert first[REVISION] == 1 and first[HEARTBEAT] < second[HEARTBEAT]
    assert mesh.runs(R1)


def test_a_swap_shows_at_once_with_a_heartbeat_of_0() -> None:
    mesh = Mesh()
    mesh.envoy_filter(R1)
    mesh.page()
    mesh.sidecars.traps.append(lambda _pod: True)
    mesh.envoy_filter(R2)
    page = mesh.page()
    assert (page[REVISION], page[HEARTBEAT]) == (2, 0)
    assert not mesh.runs(R1) and not mesh.runs(R2)


def test_what_is_deleted_goes_on_while_chains_drain() -> None:
    mesh = Mesh()
    mesh.envoy_filter(R1)
    before = mesh.page()
    mesh.delete()
    draining = mesh.page()
    assert draining[REVISION] == 1 and draining[HEARTBEAT] > before[HEARTBEAT] and draining[DRAINING]
    assert not mesh.runs(R1)
    drained = mesh.page(60.0)
    assert REVISION not in drained and not drained[DRAINING]


def test_a_pod_takes_what_its_labels_select_and_its_mount_has() -> None:
    mesh = Mesh(R1)
    mesh.envoy_filter(R1, CONFIG_MAP)
    mesh.envoy_filter(R2, CONFIG_MAP)
    with pytest.raises(ApiError):
        # It does not start without its file.
        mesh.page()
    mesh.config_map(R1)
    assert mesh.page()[REVISION] == 1 and mesh.runs(R1)


def test_what_traps_stands_still_and_recovers() -> None:
    mesh = Mesh()
    mesh.envoy_filter(R1)
    mesh.page()
    assert mesh.sidecars.trap(lambda _pod: True) == 1
    assert mesh.page()[HEARTBEAT] == mesh.page()[HEARTBEAT] and not mesh.runs(R1)
    mesh.sidecars.recover()
    mesh.page()
    assert mesh.runs(R1)


def test_what_is_rejected_is_counted_and_not_run() -> None:
    mesh = Mesh()
    mesh.sidecars.rejects.append(lambda _pod: True)
    mesh.envoy_filter(R1)
    assert mesh.page()[REJECTED] and not mesh.runs(R1)


def test_pages_that_are_not_answered() -> None:
    mesh = Mesh()
    mesh.page()
    mesh.sidecars.silent["shop"] = 10.0
    with pytest.raises(ApiError) as silent:
        mesh.page()
    mesh.delete("pod", "Pod")
    with pytest.raises(ApiError) as gone:
        mesh.page()
    assert (silent.value.status, gone.value.status) == (0, 404)


@pytest.mark.parametrize("why", ["off", "label", "namespace"])
def test_no_sidecar(why: str) -> None:
    labels = {"sidecar.istio.io/inject": "false"} if why == "label" else {}
    pod = {"metadata": {}, "spec": {"template": {"metadata": {"labels": labels}}}}
    found = injected(pod, {} if why == "namespace" else namespace("shop"), why == "off")
    assert found["spec"]["containers"] == []
