# SPDX-License-Identifier: Apache-2.0
"""Istio's sidecar injectors as the cluster knows them: mutating webhooks for new pods. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from .selectors import matches

INJECTOR = "sidecar-injector"
REVISION = "istio.io/rev"
TAG = "istio.io/tag"


@dataclass(frozen=True)
class Webhook:
    """One that is asked about new pods. `injector`: it is Istio's; then `revision` is that of the istiod behind it,
    and `label` what namespaces are labelled with for it.

    `conditional`: it has conditions in CEL, which only the API server can evaluate. `remote`: it tells istiod that
    the pod is of another cluster than istiod's own.
    """

    name: str
    namespaces: Mapping[str, Any] | None
    pods: Mapping[str, Any] | None
    injector: bool
    revision: str = ""
    label: str = ""
    conditional: bool = False
    remote: bool = False

    def takes(self, namespace_labels: Mapping[str, str], pod_labels: Mapping[str, str]) -> bool:
        """Whether it is asked about such a pod, as far as selectors tell."""
        return matches(self.namespaces, namespace_labels) and matches(self.pods, pod_labels)


@dataclass(frozen=True)
class Injectors:
    """All that are asked about new pods, Istio's or not."""

    webhooks: tuple[Webhook, ...]

    @property
    def labels(self) -> list[str]:
        """The values of istio.io/rev that somebody serves."""
        return sorted({webhook.label for webhook in self.webhooks if webhook.label})

    @property
    def remote(self) -> bool:
        """Whether all of them lead to a control plane for which this cluster is one of several."""
        found = [webhook.remote for webhook in self.webhooks if webhook.injector]
        return bool(found) and all(found)

    def asked(self, namespace_labels: Mapping[str, str], pod_labels: Mapping[str, str]) -> tuple[Webhook, ...]:
        """Those that are asked about such a pod."""
        return tuple(webhook for webhook in self.webhooks if webhook.takes(namespace_labels, pod_labels))

    def injecting(self, namespace_labels: Mapping[str, str], pod_labels: Mapping[str, str]) -> Webhook | None:
        """The one of Istio that is."""
        return next((webhook for webhook in self.asked(namespace_labels, pod_labels) if webhook.injector), None)


def of(configurations: Iterable[Mapping[str, Any]]) -> Injectors:
    """From MutatingWebhookConfigurations."""
    return Injectors(tuple(webhook for one in configurations for webhook in _webhooks(one)))


def _webhooks(configuration: Mapping[str, Any]) -> Iterator[Webhook]:
    labels = configuration["metadata"].get("labels") or {}
    for one in configuration.get("webhooks") or []:
        if any(_of_new_pods(rule) for rule in one.get("rules") or []):
            injector = labels.get("app") == INJECTOR or f"{INJECTOR}.istio.io" in one["name"]
            yield Webhook(
                f"{configuration['metadata']['name']}/{one['name']}",
                one.get("namespaceSelector"),
                one.get("objectSelector"),
                injector,
                labels.get(REVISION, "") if injector else "",
                (labels.get(TAG) or labels.get(REVISION, "")) if injector else "",
                bool(one.get("matchConditions")),
                "/cluster/" in _path(one.get("clientConfig") or {}),
            )


def _path(client: Mapping[str, Any]) -> str:
    return str(client.get("url") or (client.get("service") or {}).get("path") or "")


def _of_new_pods(rule: Mapping[str, Any]) -> bool:
    return (
        bool({"CREATE", "*"} & set(rule.get("operations") or ()))
        and bool({"", "*"} & set(rule.get("apiGroups") or ()))
        and bool({"pods", "*", "*/*"} & set(rule.get("resources") or ()))
    )
