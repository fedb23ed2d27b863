# SPDX-License-Identifier: Apache-2.0
"""Workloads whose pods would be replaced, and which of these need not be asked about one by one. Pure."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping
from dataclasses import dataclass

from ..deliveries.base import WorkloadChange
from ..deliveries.new_pod import new_pod, template_after
from ..kinds.base import Object, WorkloadKind
from .injectors import Injectors

Change = Callable[[WorkloadKind, Object], WorkloadChange]
ISTIO = "istio.io"
# What telemetry calls a workload: another one for each, and of no weight here.
NAMING = "service.istio.io"


@dataclass(frozen=True)
class Candidate:
    """A workload, and the pod template that it would have."""

    namespace: str
    kind: WorkloadKind
    workload: Object
    template: Object

    @property
    def name(self) -> str:
        name: str = self.workload["metadata"]["name"]
        return name

    @property
    def labels(self) -> Mapping[str, str]:
        labels: dict[str, str] = (self.template.get("metadata") or {}).get("labels") or {}
        return labels

    def pod(self) -> Object:
        return new_pod(self.kind, self.workload, self.template)


def candidates(
    workloads: Mapping[str, Iterable[tuple[WorkloadKind, Object]]], change: Change | None
) -> Iterator[Candidate]:
    """Those that `change` would change.

    :param workloads: those of each namespace.
    :param change: None: nothing is changed, and all of them count.
    """
    for namespace, found in workloads.items():
        for kind, workload in found:
            body = change(kind, workload).body if change else None
            if body is not None or change is None:
                yield Candidate(namespace, kind, workload, template_after(kind, workload, body))


def alike(
    found: Iterable[Candidate], namespaces: Mapping[str, Mapping[str, str]], injectors: Injectors | None
) -> dict[Hashable, list[Candidate]]:
    """Grouped by what decides on a pod's injection: whatever is true of one of a group is true of all.

    That is which webhooks are asked about it, and what these look at. What they look at can be told of Istio's:
    labels and annotations of Istio's domain, hostNetwork, and containers with a name of Istio's.

    :param namespaces: the labels of each.
    :param injectors: None where it isn't known what they look at; then namespaces and labels all count.
    """
    groups: dict[Hashable, list[Candidate]] = {}
    for one in found:
        groups.setdefault((_looked_at(one), _asked(one, namespaces[one.namespace], injectors)), []).append(one)
    return groups


def _asked(one: Candidate, namespace_labels: Mapping[str, str], injectors: Injectors | None) -> Hashable:
    webhooks = injectors.asked(namespace_labels, one.labels) if injectors else ()
    if injectors is None or any(webhook.conditional for webhook in webhooks):
        return one.namespace, tuple(sorted(one.labels.items()))
    return tuple(webhook.name for webhook in webhooks)


def _looked_at(one: Candidate) -> Hashable:
    metadata, spec = one.template.get("metadata") or {}, one.template.get("spec") or {}
    containers = [*(spec.get("initContainers") or []), *(spec.get("containers") or [])]
    return (
        _of_istio(one.labels),
        _of_istio(metadata.get("annotations") or {}),
        bool(spec.get("hostNetwork")),
        tuple(sorted(container["name"] for container in containers if container["name"].startswith("istio-"))),
    )


def _of_istio(texts: Mapping[str, str]) -> tuple[tuple[str, str], ...]:
    found = [(key, text, key.partition("/")[0]) for key, text in texts.items()]
    return tuple(sorted((key, text) for key, text, domain in found if domain.endswith(ISTIO) and domain != NAMING))
