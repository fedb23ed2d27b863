"""LISTs over the namespaces of a run: cluster-wide where that pays, one by one where only that is allowed."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from ..cluster.api import ClusterApi
from ..domain.errors import ApiError, Forbidden
from ..engine.reading import CLUSTER_WIDE_SHARE, NOT_FOUND
from ..kinds.base import Object, WorkloadKind
from ..kinds.registry import KINDS
from .parallel import each

# The API path of a collection, in one namespace or in all.
Collection = Callable[[str | None], str]


@dataclass
class Listed:
    """`items`: by namespace. `complete`: all that was asked for could be read."""

    items: dict[str, list[Object]] = field(default_factory=dict)
    complete: bool = True

    def all(self) -> list[Object]:
        return [one for found in self.items.values() for one in found]


class Lister:
    """:param total: how many namespaces the cluster has; 0: nobody knows."""

    def __init__(self, api: ClusterApi, namespaces: Iterable[str], total: int) -> None:
        self._api, self._namespaces = api, list(namespaces)
        self._wide = 0 < CLUSTER_WIDE_SHARE * total <= len(self._namespaces)

    def list(self, of: Collection, label_selector: str = "") -> Listed:
        """What may not be read is not there, nor what the cluster does not serve.

        :raises ApiError: anything else than a refusal.
        """
        if self._wide:
            found = self._one(of(None), label_selector)
            if found is not None:
                return self._sorted(found)
        answers = each(lambda name: self._one(of(name), label_selector), self._namespaces)
        listed = self._sorted([one for found in answers for one in found or ()])
        listed.complete = all(found is not None for found in answers)
        return listed

    def workloads(self) -> dict[str, list[tuple[WorkloadKind, Object]]]:
        """All that may be read, by namespace."""
        found: dict[str, list[tuple[WorkloadKind, Object]]] = {}
        for kind, listed in zip(KINDS, each(lambda kind: self.list(kind.collection), KINDS), strict=True):
            for namespace, items in listed.items.items():
                found.setdefault(namespace, []).extend((kind, item) for item in items)
        return found

    def _one(self, path: str, label_selector: str) -> list[Object] | None:
        try:
            return self._api.list(path, label_selector)[0]
        except Forbidden:
            return None
        except ApiError as error:
            if error.status == NOT_FOUND:
                return []
            raise

    def _sorted(self, items: list[Object]) -> Listed:
        listed = Listed({name: [] for name in self._namespaces})
        for one in items:
            if one["metadata"]["namespace"] in listed.items:
                listed.items[one["metadata"]["namespace"]].append(one)
        return listed
