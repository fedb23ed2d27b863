# SPDX-License-Identifier: Apache-2.0
"""Pods whose sidecars answer, in virtual time: the pages are as Envoy's documents and the filter's README have them."""

from __future__ import annotations

import heapq
import json
from collections.abc import Callable
from typing import Any

from ansible_collections.openclarity.wasm_filters.plugins.module_utils.deliveries.base import NamespaceObjects
from ansible_collections.openclarity.wasm_filters.plugins.module_utils.domain.errors import ApiError, api_error
from ansible_collections.openclarity.wasm_filters.plugins.module_utils.engine.bus import Bus
from ansible_collections.openclarity.wasm_filters.plugins.module_utils.engine.commands import (
    Command,
    Dispatch,
    Request,
    SetTimer,
    Verb,
)
from ansible_collections.openclarity.wasm_filters.plugins.module_utils.engine.events import Answered, Failed
from ansible_collections.openclarity.wasm_filters.plugins.module_utils.status.found import Found
from ansible_collections.openclarity.wasm_filters.plugins.module_utils.status.proofs import Proofs

from tests.simulation.selectors import selected
from tests.unit.objects import NAMES, R1, injected_pod, kind_of, workload

# What a page says at a time; or what the API server answers in its place.
Page = Callable[[float], str]


def configuration(revision: str = R1, seconds: int = 5) -> dict[str, Any]:
    """What the role writes for this collection's filter."""
    return {"revision": revision, "name": "trace", "heartbeat_seconds": seconds}


def envoy_filter(
    revision: str = R1, given: Any = None, inline: bool = False, context: str = "SIDECAR_OUTBOUND", **labels: str
) -> dict[str, Any]:
    """Of either delivery; `given`: another configuration."""
    config = {"configuration": {"value": json.dumps(configuration(revision) if given is None else given)}}
    value = {"name": NAMES.extension, "typed_config": {"config": config}}
    patch = {"applyTo": "EXTENSION_CONFIG", "match": {"context": context}, "patch": {"value": value}}
    selector = labels if inline else {NAMES.pod_label: revision, **labels}
    spec = {"configPatches": [patch], "workloadSelector": {"labels": selector}}
    name = NAMES.envoy_filter(None if inline else revision)
    return {"metadata": {"name": name, "namespace": "shop", "labels": NAMES.labels(revision)}, "spec": spec}


def found(*envoy_filters: dict[str, Any], workloads: tuple[str, ...] = ("web",)) -> Found:
    """One filter in a namespace, whose workloads are all on R1."""
    entries = [workload(name=name, labels={NAMES.pod_label: R1}) for name in workloads]
    return Found(NAMES, NamespaceObjects([], list(envoy_filters)), [(kind_of(one), one) for one in entries])


def pod(name: str, namespace: str = "shop", revision: str = R1, app: str = "web", mount: bool = True) -> dict[str, Any]:
    """Injected; without a revision not by delivery configmap."""
    made = injected_pod(mount)
    labels = {"app": app, **({NAMES.pod_label: revision} if revision else {})}
    made["metadata"] |= {"name": name, "namespace": namespace, "labels": labels}
    return made


def page(revision: str = R1, period: float = 5, since: float = 0, draining: int = 0) -> Page:
    """Of a filter whose heartbeat has gone on since then, every so often; 0: it never does."""

    def shown(now: float) -> str:
        beat = 1_795_408_000 + (int((now - since) // period * period) if period else 0)
        return (
            f"wasmcustom_trace_revision{{}} {int(revision, 16)}\n"
            f"wasmcustom_trace_heartbeat{{}} {beat}\n"
            f"envoy_listener_manager_total_filter_chains_draining{{}} {draining}\n"
        )

    return shown


def empty(_now: float) -> str:
    """A sidecar that has loaded nothing."""
    return "envoy_listener_manager_lds_update_rejected{} 0\n"


def refusing(status: int) -> Page:
    """The API server answers itself."""

    def refused(_now: float) -> str:
        raise api_error("get a page", status, f"said {status}")

    return refused


class Cluster:
    """`seconds`: what an answer takes. `requests`: all that was asked; `now`: the time when it was over."""

    def __init__(self, *pods: dict[str, Any], **pages: Page) -> None:
        self.pods, self.pages = list(pods), pages
        self.refused: dict[str, int] = {}
        self.requests: list[Request] = []
        self.seconds = 0.01
        self.most = 0
        self.now = 0.0

    def proofs(self, of_cluster: float = float("inf"), **questions: list[Found]) -> Proofs:
        bus = Bus(len(questions))
        machine = Proofs(bus, questions, of_cluster, 0.0)
        events: list[tuple[float, int, Command]] = []
        while not machine.finished:
            taken = bus.taken()
            self.most = max(self.most, sum(isinstance(one, Dispatch) for one in taken))
            for command in taken:
                if isinstance(command, (Dispatch, SetTimer)):
                    at = command.at if isinstance(command, SetTimer) else self.now + self.seconds
                    heapq.heappush(events, (at, command.token, command))
            self.now, token, command = heapq.heappop(events)
            if isinstance(command, Dispatch):
                bus.answered(self._answered(command), self.now)
            else:
                bus.fired(token, self.now)
        return machine

    def _answered(self, command: Dispatch) -> Answered | Failed:
        self.requests.append(command.request)
        try:
            return Answered(command.token, self._answer(command.request))
        except ApiError as error:
            return Failed(command.token, error)

    def _answer(self, request: Request) -> Any:
        if request.path in self.refused:
            raise api_error("list pods", self.refused[request.path], "no")
        if request.verb == Verb.LIST:
            wanted = [one for one in self.pods if self._is_in(one, request)]
            return wanted, "1"
        name = request.path.split("/pods/")[1].partition(":")[0]
        return self.pages[name](self.now)

    def _is_in(self, one: dict[str, Any], request: Request) -> bool:
        metadata = one["metadata"]
        inside = request.path == "/api/v1/pods" or f"/namespaces/{metadata['namespace']}/" in request.path
        return inside and (not request.label_selector or selected(metadata["labels"], request.label_selector))

    @property
    def asked(self) -> list[str]:
        """The pods whose pages were asked for."""
        return [one.path.split("/pods/")[1].partition(":")[0] for one in self.requests if one.verb == Verb.GET_TEXT]

    @property
    def lists(self) -> list[str]:
        return [f"{one.path}?{one.label_selector}" for one in self.requests if one.verb == Verb.LIST]
