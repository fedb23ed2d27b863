# SPDX-License-Identifier: Apache-2.0
"""A release: what one revision of a filter puts into a namespace. Pure."""

from __future__ import annotations

import base64
import hashlib
import json
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from ..domain.names import SHA256_ANNOTATION, TIME_ANNOTATION, FilterNames
from ..domain.wasm_module import WasmModule
from .redacted import redacted_for_diff

BINARY_KEY = "filter.wasm"
ENVOY_FILTER_KEY = "envoyfilter.json"


@dataclass(frozen=True)
class Release:
    """`spec` is the EnvoyFilter's, rendered with this revision; `envoy_filter_name` is the delivery's choice.

    In the spec the bytes of delivery inline are written as `sha256:HEX`, which keeps it readable in
    a diff and small in the ConfigMap; they are put in on the way to the API server.
    `created`: RFC 3339, for whoever looks at the ConfigMap.
    """

    names: FilterNames
    revision: str
    spec: dict[str, Any]
    binary: WasmModule
    created: str = ""

    @property
    def selector(self) -> dict[str, str]:
        """The labels that the user wants pods to have, without the one that we set."""
        return wanted_labels(self.spec, self.names)

    @property
    def config_map_name(self) -> str:
        return self.names.config_map(self.revision)

    def envoy_filter(self, namespace: str, name: str) -> dict[str, Any]:
        """The object as the API server gets it. All namespaces' share one spec: nobody changes it."""
        return {**self._envoy_filter(namespace, name), "spec": self._spec_with_bytes}

    @cached_property
    def shown(self) -> Any:
        """The spec as a diff has it."""
        return redacted_for_diff(self.spec)

    @cached_property
    def _spec_with_bytes(self) -> Any:
        return fill_inline_bytes(self.spec, self.binary)

    def config_map(self, namespace: str, envoy_filter_name: str) -> dict[str, Any]:
        """What holds the revision: binary and EnvoyFilter, immutable."""
        envoy_filter = {**self._envoy_filter(namespace, envoy_filter_name), "spec": self.spec}
        return {
            "apiVersion": "v1",
            "kind": "ConfigMap",
            "metadata": {
                "name": self.config_map_name,
                "namespace": namespace,
                "labels": self.names.labels(self.revision),
                "annotations": {SHA256_ANNOTATION: self.binary.sha256, TIME_ANNOTATION: self.created},
            },
            "immutable": True,
            "binaryData": {BINARY_KEY: self.binary.base64},
            "data": {ENVOY_FILTER_KEY: json.dumps(envoy_filter, sort_keys=True)},
        }

    def _envoy_filter(self, namespace: str, name: str) -> dict[str, Any]:
        return {
            "apiVersion": "networking.istio.io/v1alpha3",
            "kind": "EnvoyFilter",
            "metadata": {"name": name, "namespace": namespace, "labels": self.names.labels(self.revision)},
        }


def envoy_filter_in(config_map: dict[str, Any], name: str) -> dict[str, Any] | None:
    """The EnvoyFilter of a revision as its ConfigMap holds it; None: it holds none of that name.

    :param name: which tells the delivery.
    """
    try:
        found: dict[str, Any] = json.loads(config_map["data"][ENVOY_FILTER_KEY])
        content = base64.b64decode(config_map["binaryData"][BINARY_KEY])
        binary = WasmModule(content, hashlib.sha256(content).hexdigest(), ())
        if config_map["metadata"]["annotations"][SHA256_ANNOTATION] != binary.sha256:
            return None
        if found["metadata"]["name"] != name:
            return None
    except (KeyError, TypeError, ValueError):
        return None
    return {**found, "spec": fill_inline_bytes(found["spec"], binary)}


def wanted_labels(spec: dict[str, Any], names: FilterNames) -> dict[str, str]:
    """The labels that an EnvoyFilter selects pods by, without the one that we set."""
    labels: dict[str, str] = (spec.get("workloadSelector") or {}).get("labels") or {}
    return {key: value for key, value in labels.items() if key != names.pod_label}


def inline_reference(sha256: str) -> str:
    """What stands in a rendered spec for the bytes of a binary."""
    return f"sha256:{sha256}"


def fill_inline_bytes(spec: Any, binary: WasmModule) -> Any:
    """A copy of the spec with the bytes in the place of every reference to this binary."""
    if isinstance(spec, dict):
        reference = inline_reference(binary.sha256)
        return {
            key: binary.base64 if key == "inline_bytes" and value == reference else fill_inline_bytes(value, binary)
            for key, value in spec.items()
        }
    if isinstance(spec, list):
        return [fill_inline_bytes(item, binary) for item in spec]
    return spec
