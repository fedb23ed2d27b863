# SPDX-License-Identifier: Apache-2.0
"""Reads what there is of filters in namespaces: a machine, as engine/run.py is, that only asks. Pure."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial

from ..deliveries.base import CONFIG_MAPS, ENVOY_FILTERS, LEASES, collection
from ..domain.errors import ApiError
from ..domain.names import AllFilters, FilterNames
from ..engine.bus import Bus
from ..engine.commands import Command, Request, Send, Verb
from ..engine.events import Answered, Event, Failed, TimerFired
from ..engine.messages import Refusal, Reply
from ..engine.reading import NAMESPACES, NOT_FOUND, PODS, Collection, NamespaceRead, Reading
from ..kinds.base import Object
from ..kinds.registry import KINDS
from ..planning import old_script
from . import judge
from .found import Found, by_filter
from .proofs import Proofs
from .states import NamespaceStatus

REQUEST_SECONDS = 60.0


class Survey:
    """`error`: why it can't be said which namespaces there are.

    :param namespaces: empty: all that hold an object of ours.
    :param filter_name: only this filter; empty: all.
    :param proof: whether the pods' sidecars are asked too.
    """

    def __init__(self, namespaces: Sequence[str], filter_name: str = "", proof: bool = False) -> None:
        self.error: ApiError | None = None
        self._asked, self._filter = list(namespaces), filter_name
        self._names = FilterNames(filter_name) if filter_name else AllFilters()
        self._proof = proof
        self._proofs: Proofs | None = None
        self._bus = Bus(len(self._asked))
        self._open = 0
        self._next: Callable[[float], None] | None = self._read if self._asked else self._find
        self._reading: Reading | None = None
        # Of the whole cluster; None: nobody may know.
        self._existing: set[str] | None = None
        self._leases: dict[str, list[Object]] = {}
        self._others: list[Object] = []
        self._found: dict[str, dict[str, Found]] = {}

    @property
    def finished(self) -> bool:
        return self._next is None and not self._open and (self._proofs is None or self._proofs.finished)

    def start(self, now: float) -> list[Command]:
        """What is to be done first."""
        return self._moved(now)

    def handle(self, event: Event, now: float) -> list[Command]:
        """What is to be done because of an event."""
        if isinstance(event, (Answered, Failed)):
            self._bus.answered(event, now)
        elif isinstance(event, TimerFired):
            self._bus.fired(event.token, now)
        return self._moved(now)

    def statuses(self) -> list[NamespaceStatus]:
        """Of every namespace, once it is finished."""
        reads = self._reading.namespaces if self._reading else {}
        workloads = {name: read.workloads for name, read in reads.items()}
        leftovers = old_script.leftovers(self._others, workloads)
        return [self._status(read, leftovers.get(name)) for name, read in reads.items()]

    def _status(self, read: NamespaceRead, leftovers: old_script.Leftovers | None) -> NamespaceStatus:
        if self._existing is not None and read.name not in self._existing:
            return judge.missing(read.name)
        if read.error is not None:
            return judge.unread(read.name, read.error)
        proofs = self._proofs.of(read.name) if self._proofs else {}
        return judge.namespace(read.name, list(self._found[read.name].values()), leftovers, read.unreadable, proofs)

    def _moved(self, now: float) -> list[Command]:
        while not self._open and self._next is not None:
            step, self._next = self._next, None
            step(now)
        return self._bus.taken()

    def _ask(self, request: Request, handler: Callable[[Reply | Refusal, float], None], now: float) -> None:
        def answered(message: Reply | Refusal, then: float) -> None:
            self._open -= 1
            handler(message, then)

        self._open += 1
        self._bus.send(Send(request, now + REQUEST_SECONDS), answered)

    def _find(self, now: float) -> None:
        """One LIST of the whole cluster for each kind of object of ours."""
        self._next = self._read
        for of in (CONFIG_MAPS, ENVOY_FILTERS):
            request = Request(Verb.LIST, collection(of), label_selector=self._names.selector, metadata_only=True)
            self._ask(request, self._holders, now)

    def _holders(self, message: Reply | Refusal, now: float) -> None:
        if isinstance(message, Reply):
            names = {one["metadata"]["namespace"] for one in message.answer[0]}
            self._asked = sorted({*self._asked, *names})
        elif message.error.status != NOT_FOUND:
            self.error, self._next = message.error, None

    def _read(self, now: float) -> None:
        self._next = self._sort
        self._reading = Reading(self._names, self._asked, other_pods=False, more=self._more())
        for request in self._reading.begin():
            self._ask(request, self._taken, now)

    def _more(self) -> list[Collection]:
        """The Leases, and the EnvoyFilters that are not ours."""
        return [
            Collection(
                lambda scope: collection(LEASES, scope),
                lambda read, item: self._leases.setdefault(read.name, []).append(item),
                "leases",
                label_selector=self._names.selector,
                optional=True,
            ),
            Collection(
                lambda scope: collection(ENVOY_FILTERS, scope),
                lambda read, item: self._others.append(item),
                "envoyfilters of others",
                label_selector=old_script.OTHERS,
                optional=True,
            ),
        ]

    def _taken(self, message: Reply | Refusal, now: float) -> None:
        if self._reading is None:
            return
        if isinstance(message, Reply) and message.request.path == NAMESPACES:
            self._existing = {one["metadata"]["name"] for one in message.answer[0]}
        for request in self._reading.take(message):
            self._ask(request, self._taken, now)

    def _sort(self, now: float) -> None:
        """What belongs to which filter; what former templates refer to is asked where it matters."""
        self._next = self._prove if self._proof else None
        for name, read in (self._reading.namespaces if self._reading else {}).items():
            self._found[name] = by_filter(read, self._leases.get(name, []), self._filter)
            for one in self._found[name].values():
                if judge.needs_history(one):
                    self._ask_history(name, one, now)

    def _prove(self, now: float) -> None:
        reads = self._reading.namespaces if self._reading else {}
        questions = {name: list(found.values()) for name, found in self._found.items() if reads[name].error is None}
        self._proofs = Proofs(self._bus, questions, self._reading.of_cluster if self._reading else float("inf"), now)

    def _ask_history(self, name: str, found: Found, now: float) -> None:
        """Pods, ReplicaSets and ControllerRevisions carry the labels of their pod template."""
        histories = {kind.history_collection(name) for kind in KINDS} - {""}
        for path in (collection(PODS, name), *sorted(histories)):
            request = Request(Verb.LIST, path, label_selector=found.names.pod_label, metadata_only=True)
            self._ask(request, partial(self._history, name, found.names), now)
        self._found[name][found.names.name] = replace(found, used=frozenset())

    def _history(self, name: str, names: FilterNames, message: Reply | Refusal, now: float) -> None:
        found = self._found[name][names.name]
        if isinstance(message, Reply) and found.used is not None:
            used = found.used | {one["metadata"]["labels"][names.pod_label] for one in message.answer[0]}
            self._found[name][names.name] = replace(found, used=used)
        elif isinstance(message, Refusal):
            # What is not known is not called orphaned.
            self._found[name][names.name] = replace(found, used=None)
