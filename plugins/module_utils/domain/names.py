# SPDX-License-Identifier: Apache-2.0
"""Every name that the collection writes into a cluster, derived from the filter's name."""

from __future__ import annotations

import re
from dataclasses import dataclass

from .errors import InputError

DOMAIN = "wasm-filters.openclarity.io"
MANAGED_BY_LABEL = "app.kubernetes.io/managed-by"
MANAGED_BY = "openclarity.wasm_filters"
FILTER_LABEL = f"{DOMAIN}/filter"
REVISION_LABEL = f"{DOMAIN}/revision"
SHA256_ANNOTATION = f"{DOMAIN}/sha256"
TIME_ANNOTATION = f"{DOMAIN}/time"

NAME_MAX = 40
_DNS_LABEL = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?")


def is_dns_label(text: str, longest: int = 63) -> bool:
    """RFC 1123 label, as Kubernetes wants it for a namespace."""
    return len(text) <= longest and _DNS_LABEL.fullmatch(text) is not None


@dataclass(frozen=True)
class FilterNames:
    """The names of one filter. Two filters of different names share nothing."""

    name: str
    config_map_name: str = "wasm-filter"

    def __post_init__(self) -> None:
        if not is_dns_label(self.name, NAME_MAX):
            raise InputError("wasm_filter_name", self.name, f"must be a DNS label of at most {NAME_MAX} characters")
        parts = self.config_map_name.split(".")
        if len(self.config_map_name) > 200 or not all(is_dns_label(part) for part in parts):
            raise InputError(
                "wasm_filter_config_map_name",
                self.config_map_name,
                "must be a DNS subdomain of at most 200 characters, such as wasm-filter",
            )

    @property
    def pod_label(self) -> str:
        return f"{DOMAIN}/{self.name}"

    @property
    def original_annotation(self) -> str:
        """On the workload: the application's own annotations before ours."""
        return f"{DOMAIN}/{self.name}.original"

    @property
    def previous_annotation(self) -> str:
        """On the workload: the three revisions before this one, the last first; `none` where there was no filter."""
        return f"{DOMAIN}/{self.name}.previous"

    @property
    def back_from_annotation(self) -> str:
        """On a workload, or on the EnvoyFilter of delivery inline: the revision that it was rolled back from."""
        return f"{DOMAIN}/{self.name}.back-from"

    @property
    def volume(self) -> str:
        return f"wasm-filter-{self.name}"

    @property
    def mount_path(self) -> str:
        return f"/var/local/wasm-filter/{self.name}"

    @property
    def extension(self) -> str:
        """Name of both the slot and the extension configuration that fills it."""
        return f"{DOMAIN}/{self.name}"

    @property
    def field_manager(self) -> str:
        return f"{DOMAIN}/{self.name}"

    def config_map(self, revision: str) -> str:
        return f"{self.config_map_name}-{revision}"

    def envoy_filter(self, revision: str | None) -> str:
        """With a revision: the one of delivery configmap; without: the one of delivery inline."""
        return f"{self.name}-filter-{revision}" if revision else f"{self.name}-filter"

    @property
    def lease(self) -> str:
        """What whoever changes a namespace holds, so that nobody else does at the same time."""
        return f"wasm-filter-{self.name}"

    @property
    def lease_labels(self) -> dict[str, str]:
        """What the Lease carries, which is of no revision."""
        return {MANAGED_BY_LABEL: MANAGED_BY, FILTER_LABEL: self.name}

    def labels(self, revision: str) -> dict[str, str]:
        """What every other object of ours carries."""
        return {**self.lease_labels, REVISION_LABEL: revision}

    @property
    def selector(self) -> str:
        """The label selector that finds every object of this filter."""
        return f"{MANAGED_BY_LABEL}={MANAGED_BY},{FILTER_LABEL}={self.name}"


@dataclass(frozen=True)
class AllFilters:
    """Every filter of this collection, whatever its name."""

    selector: str = f"{MANAGED_BY_LABEL}={MANAGED_BY}"
