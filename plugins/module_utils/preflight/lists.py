# SPDX-License-Identifier: Apache-2.0
"""LISTs over the namespaces of a run: cluster-wide where that pays, one by one where only that is allowed."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from ..cluster.api import ClusterApi
from ..domain.errors import ApiError, Forbidden, Unreachable
from ..engine.reading import CLUSTER_WIDE_SHARE, NOT_FOUND
from ..kinds.base import Object, WorkloadKind
from ..kinds.registry import KINDS
from .parallel import each

# The API path of a collection, in one namespace or in all.
Collection = Callable[["str | None"], str]
Workloads = Mapping[str, list[tuple[WorkloadKind, Object]]]


class Lister:
    """What may not be read is passed over, as is what the cluster does not serve.

    :param total: how many namespaces the cluster has; 0: nobody knows.
    """

    def __init__(self, api: ClusterApi, namespaces: Iterable[str], total: int) -> None:
        self._api, self._namespaces = api, list(namespaces)
        self._wide = 0 < CLUSTER_WIDE_SHARE * total <= len(self._namespaces)

    def listed(self, of: Collection, label_selector: str = "") -> list[Object]:
        """Those of the namespaces.

        :raises ApiError: anything else than a refusal.
        """
        found = self._all(of(None), label_selector) if self._wide else None
        if found is not None:
            wanted = set(self._namespaces)
            return [one for one in found if one["metadata"]["namespace"] in wanted]
        answers = each(lambda name: self._one(of(name), label_selector), self._namespaces)
        return [one for found in answers for one in found or ()]

    def workloads(self) -> Workloads:
        """By namespace.

        :raises ApiError: anything else than a refusal.
        """
        found: dict[str, list[tuple[WorkloadKind, Object]]] = {}
        for kind, items in zip(KINDS, each(lambda kind: self.listed(kind.collection), KINDS), strict=True):
            for item in items:
                found.setdefault(item["metadata"]["namespace"], []).append((kind, item))
        return found

    def _all(self, path: str, label_selector: str) -> list[Object] | None:
        """None: namespace by namespace then, as it may be a fault of this one LIST."""
        try:
            return self._one(path, label_selector)
        except Unreachable:
            raise
        except ApiError:
            return None

    def _one(self, path: str, label_selector: str) -> list[Object] | None:
        """None: it may not be read."""
        try:
            return self._api.list(path, label_selector)[0]
        except Forbidden:
            return None
        except ApiError as error:
            if error.status == NOT_FOUND:
                return []
            raise
