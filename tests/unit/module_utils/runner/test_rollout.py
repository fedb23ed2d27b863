# SPDX-License-Identifier: Apache-2.0
"""From a plan to verdicts, with the real executor and a simulated cluster whose controllers are as fast as it asks."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.openclarity.wasm_filters.plugins.module_utils.deliveries.config_map import ConfigMapDelivery
from ansible_collections.openclarity.wasm_filters.plugins.module_utils.deliveries.delivery import Delivery
from ansible_collections.openclarity.wasm_filters.plugins.module_utils.deliveries.inline import InlineDelivery
from ansible_collections.openclarity.wasm_filters.plugins.module_utils.deliveries.removal import Removal
from ansible_collections.openclarity.wasm_filters.plugins.module_utils.domain.errors import InputError
from ansible_collections.openclarity.wasm_filters.plugins.module_utils.domain.plan import (
    Binary,
    DeliveryName,
    Exclusion,
    Options,
    Plan,
    Run,
    State,
    Target,
)
from ansible_collections.openclarity.wasm_filters.plugins.module_utils.engine import wave
from ansible_collections.openclarity.wasm_filters.plugins.module_utils.engine.commands import Tell
from ansible_collections.openclarity.wasm_filters.plugins.module_utils.engine.events import Stop
from ansible_collections.openclarity.wasm_filters.plugins.module_utils.runner.rollout import operation_of, rollout

from tests.simulation.api_server import ApiServer
from tests.simulation.values import Object
from tests.unit.objects import BINARY, NAMES, R1, namespace, release, workload


def plan(**fields: Any) -> Plan:
    content = BINARY.read_bytes()
    given: dict[str, Any] = {
        "state": State.PRESENT,
        "filter_name": "trace",
        "config_map_name": "wasm-filter",
        "targets": (Target("c", "shop"), Target("c", "pay", "not_injected", "no"), Target("c", "bank")),
        "waves": (("shop", "pay"), ("bank",)),
        "run": Run("r", 0.0),
        "options": Options(max_fail_percentage=50),
        "revision": R1,
        "binary": Binary(str(BINARY), hashlib.sha256(content).hexdigest(), len(content)),
        "envoy_filter_spec": release().spec,
    }
    return Plan(**given | fields)


@pytest.mark.parametrize(("name", "kind"), [("configmap", ConfigMapDelivery), ("inline", InlineDelivery)])
def test_a_delivery_of_the_plans_revision(name: str, kind: type[Delivery]) -> None:
    operation = operation_of(plan(delivery=DeliveryName(name)))
    assert isinstance(operation, kind)
    made = operation.release
    assert (made.names, made.revision, made.spec) == (NAMES, R1, release().spec)
    assert made.binary.content == BINARY.read_bytes()

    # When it was made, for whoever looks at the ConfigMap.
    assert made.created.endswith("Z")


def test_a_removal_needs_no_binary() -> None:
    operation = operation_of(plan(state=State.ABSENT, binary=None, revision="", config_map_name="other"))
    assert isinstance(operation, Removal)
    assert operation.names.config_map_name == "other"


def test_a_binary_that_is_not_the_plans_is_refused(short_path: Path) -> None:
    path = short_path / "filter.wasm"
    path.write_bytes(BINARY.read_bytes() + b"\0\2\1x")
    changed = hashlib.sha256(path.read_bytes()).hexdigest()
    made_for = plan().binary
    assert made_for is not None
    with pytest.raises(InputError) as caught:
        operation_of(plan(binary=Binary(str(path), made_for.sha256, made_for.size)))
    assert caught.value.variable == "wasm_filter_binary_path"
    for said in (str(path), changed, made_for.sha256, "has changed since the plan was made"):
        assert said in str(caught.value)


def at_once(_operation: str, before: Object | None, after: Object) -> Object:
    """A controller that is faster than the answer."""
    if after["kind"] != "Deployment" or before is None:
        return after
    changed = before["spec"] != after["spec"]
    status = {"replicas": 2, "updatedReplicas": 2, "availableReplicas": 2}
    seen = {"observedGeneration": before["metadata"]["generation"] + changed + 1}
    return {**after, "status": {**status, **seen}}


@pytest.fixture(autouse=True)
def nobody_puts_anything_back(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wave, "SETTLE_SECONDS", 0.0)


def server(dry_run: bool = False) -> ApiServer:
    found = ApiServer(*map(namespace, ("shop", "pay", "bank")), dry_run=dry_run)
    found.seed(*(workload(name) for name in ("shop", "pay", "bank")))
    found.admission.append(at_once)
    return found


def test_a_plan_becomes_verdicts_in_the_order_of_its_waves() -> None:
    api = server()
    told: list[Tell] = []
    verdicts = rollout(plan(), api, told.append)
    assert [(one.name, str(one.outcome), str(one.reason)) for one in verdicts] == [
        ("shop", "deployed", ""),
        ("pay", "failed", "not_injected"),
        ("bank", "deployed", ""),
    ]
    assert told[-1].total == 3
    assert not [request for request in api.requests if "/pay/" in request]


def test_what_the_plan_leaves_alone_stays_as_it_is() -> None:
    excluded = Exclusion("c", "shop", "Deployment", "web", "no_sidecar", "m")
    shop, _pay, bank = rollout(plan(exclusions=(excluded,)), server(), lambda _tell: None)
    assert [(str(one.outcome), str(one.reason), one.message) for one in shop.workloads] == [
        ("skipped", "no_sidecar", "m")
    ]
    assert (str(shop.outcome), str(shop.reason), str(bank.outcome)) == ("skipped", "no_workloads", "deployed")


def test_its_options_are_the_runs() -> None:
    verdicts = rollout(plan(options=Options(max_fail_percentage=49)), server(), lambda _tell: None)
    assert [str(one.reason) for one in verdicts] == ["", "not_injected", "earlier_wave"]


def test_check_mode_is_the_clients() -> None:
    api = server(dry_run=True)
    verdicts = rollout(plan(), api, lambda _tell: None)
    assert [str(one.outcome) for one in verdicts] == ["deployed", "failed", "deployed"]
    assert not [request for request in api.requests if request.startswith("WATCH")]


def test_a_run_can_be_stopped_from_outside() -> None:
    api = server()
    api.admission.clear()  # nothing ever rolls
    patched = threading.Event()
    api.gates.append(lambda verb, _path, _manager: patched.set() if verb == "APPLY" else None)
    ended = []

    @contextmanager
    def stops(put: Callable[[Stop], None]) -> Iterator[None]:
        def stop() -> None:
            patched.wait()
            put(Stop())

        threading.Thread(target=stop, daemon=True).start()
        yield
        ended.append(True)

    verdicts = rollout(plan(), api, lambda _tell: None, stops)
    assert [(str(one.outcome), str(one.reason)) for one in verdicts] == [
        ("failed", "stopped"),
        ("failed", "not_injected"),
        ("not_started", "stopped"),
    ]
    assert ended == [True]
