# SPDX-License-Identifier: Apache-2.0
"""The sidecars of pods: what Envoy really runs in each, and what its page of statistics says of it.

From filter/README.md ("Metrics"), docs/decisions/heartbeat-even-and-odd.md, and Envoy's listeners/stats; the
collection's code is asked nothing.
"""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from ansible_collections.openclarity.wasm_filters.plugins.module_utils.domain.errors import api_error

from tests.simulation import injection
from tests.simulation.clock import EPOCH
from tests.simulation.resources import RESOURCES, Place, page_of
from tests.simulation.store import Change, Store
from tests.simulation.truth import DOMAIN
from tests.simulation.values import Object, at

# For so long old filter chains serve connections that were open: Istio's drainDuration.
DRAIN_SECONDS = 45.0
# What a question takes whose pod is nowhere.
TIMEOUT_SECONDS = 10.0
FOREVER = float("inf")


@dataclass
class Machine:
    """The VMs of one configuration in one sidecar. `ends`: it is not what Envoy is told to run any more, or has
    trapped; `beats_until`: those of chains that drain go on. `first`: seconds until its first tick.
    """

    revision: str
    since: float
    first: float
    ends: float = FOREVER
    beats_until: float = FOREVER

    def beat(self, now: float, every: float, after: float) -> int:
        """The last tick up to now that is later than `after`, in seconds of the clock; 0: none."""
        until = min(now, self.beats_until)
        if until < self.since + self.first:
            return 0
        tick = self.since + self.first + every * ((until - self.since - self.first) // every)
        return int(EPOCH.timestamp() + tick) if tick >= after else 0


@dataclass
class Slot:
    """One filter in one sidecar. `wanted`: the EnvoyFilter and revision that were taken last.

    `gauge`: what the metric says, since when. `drains`: when chains of former configurations are gone.
    """

    wanted: tuple[str, str] = ("", "")
    gauge: str = ""
    gauge_since: float = 0.0
    machines: list[Machine] = field(default_factory=list)
    drains: list[float] = field(default_factory=list)
    rejected: int = 0


@dataclass
class Sidecar:
    """`booted`: Envoy has its first configuration. `odd`: from when on a VM has had requests."""

    pod: Object
    created: float
    odd: float
    every: float
    booted: bool = False
    gone: float = FOREVER
    slots: dict[str, Slot] = field(default_factory=dict)

    @property
    def namespace(self) -> str:
        return str(self.pod["metadata"]["namespace"])

    def runs(self, filter_name: str, revision: str, since: float, until: float) -> bool:
        """Whether it really ran that at some moment of that time."""
        return any(one.since <= until and one.ends >= since for one in self._machines(filter_name, revision))

    def ran_all_along(self, filter_name: str, revision: str, since: float, until: float) -> bool:
        return any(one.since <= since and one.ends > until for one in self._machines(filter_name, revision))

    def beats_of_this_run(self, filter_name: str, revision: str, begin: float, at: float) -> bool:
        """Whether a machine beats that came while a run went on, though it may be on its way out."""
        return any(begin <= one.since <= at <= one.beats_until for one in self._machines(filter_name, revision))

    def came_back(self, filter_name: str, revision: str, at: float) -> bool:
        """Whether another revision was there for a moment, so short that machines of before it still beat."""
        others = [one.since for one in self.slots.get(filter_name, Slot()).machines if one.revision != revision]
        olds = [one for one in self._machines(filter_name, revision) if one.ends < at <= one.beats_until]
        return any(one.ends <= since <= at for one in olds for since in others)

    def changed_since(self, filter_name: str, since: float) -> bool:
        """Whether another configuration has come, or was only tried, or what was before still was there."""
        slot = self.slots.get(filter_name, Slot())
        return (
            slot.gauge_since > since
            or any(one.since > since for one in slot.machines)
            or any(until > since for until in slot.drains)
        )

    def _machines(self, filter_name: str, revision: str) -> Iterator[Machine]:
        slot = self.slots.get(filter_name, Slot())
        yield from (one for one in slot.machines if one.revision == revision and one.ends > one.since)


class Sidecars:
    """Those of all pods that ever were, with the pods that have none.

    `off`: says of a namespace that nothing is injected; `silent`: no pod of these namespaces answers anything, which
    is told after so many seconds.

    `traps`, `rejects`: of which pods, while it lasts, the filter traps, and Envoy refuses new listeners.
    """

    def __init__(self, store: Store, rng: random.Random, heartbeat_seconds: float = 2.0) -> None:
        self.store, self.clock, self._rng = store, store.clock, rng
        self.heartbeat_seconds = heartbeat_seconds
        self.off: list[Callable[[str], bool]] = []
        self.silent: dict[str, float] = {}
        self.traps: list[Callable[[Object], bool]] = []
        self.rejects: list[Callable[[Object], bool]] = []
        self._all: dict[str, list[Sidecar]] = {}
        self._live: dict[str, dict[str, Sidecar]] = {}
        for pod in list(store.collection(RESOURCES["Pod"])):
            self._added(pod)
        store.listeners.append(self._changed)

    def inject(self, pod: Object) -> Object:
        """Istio's webhook."""
        namespace = self.store.get(Place(RESOURCES["Namespace"], "", pod["metadata"]["namespace"]))
        off = any(is_off(pod["metadata"]["namespace"]) for is_off in self.off)
        return injection.injected(pod, namespace or {}, off)

    def of(self, namespace: str) -> list[Sidecar]:
        return self._all.get(namespace, [])

    def _changed(self, change: Change) -> None:
        kind, namespace = change.place.resource.kind, change.place.namespace
        if kind == "Pod" and change.type == "ADDED":
            self._added(change.after)
        elif kind == "Pod" and change.type == "DELETED":
            self._deleted(change.after)
        elif kind in ("EnvoyFilter", "ConfigMap") and self._live.get(namespace):
            # istiod waits for more, and a kubelet looks for a missing file, for a moment.
            self.clock.after(self._rng.uniform(0.1, 1.0), lambda: self.push(namespace))

    def _added(self, pod: Object) -> None:
        metadata, rng = pod["metadata"], self._rng
        odd = self.clock.now + rng.choice((0.0, 10.0, 60.0, FOREVER))
        sidecar = Sidecar(pod, self.clock.now, odd, self.heartbeat_seconds)
        self._live.setdefault(metadata["namespace"], {})[metadata["name"]] = sidecar
        self._all.setdefault(metadata["namespace"], []).append(sidecar)
        if injection.proxy_of(pod) is not None:
            self.clock.after(rng.uniform(0.1, 1.0), lambda: self._take(sidecar))

    def _deleted(self, pod: Object) -> None:
        metadata = pod["metadata"]
        sidecar = self._live.get(metadata["namespace"], {}).pop(metadata["name"], None)
        if sidecar is not None:
            sidecar.gone = self.clock.now
            for machine in [one for slot in sidecar.slots.values() for one in slot.machines]:
                machine.ends = min(machine.ends, self.clock.now)

    def push(self, namespace: str) -> None:
        """What there is now, to all of a namespace."""
        for sidecar in list(self._live.get(namespace, {}).values()):
            self._take(sidecar)

    def _take(self, sidecar: Sidecar) -> None:
        if sidecar.gone < FOREVER or injection.proxy_of(sidecar.pod) is None or not self._file_is_there(sidecar):
            return
        first, sidecar.booted = not sidecar.booted, True
        found = self._selected(sidecar)
        if not found and not sidecar.slots:
            return
        for name in sorted({*found, *sidecar.slots}):
            slot = sidecar.slots.setdefault(name, Slot())
            wanted, loadable = found.get(name, (("", ""), True))
            if wanted != slot.wanted:
                self._configure(sidecar, slot, wanted, loadable, first)

    def _configure(self, sidecar: Sidecar, slot: Slot, wanted: tuple[str, str], loadable: bool, first: bool) -> None:
        now = self.clock.now
        if wanted[1] and (not loadable or any(rejects(sidecar.pod) for rejects in self.rejects)):
            slot.rejected += 1
            if loadable and self._rng.random() < 0.5:
                # Envoy's main thread has tried it.
                self._show(slot, wanted[1])
            return
        had, slot.wanted = slot.wanted, wanted
        # Of one EnvoyFilter the listeners stay, and what they ask for is swapped.
        swapped = bool(wanted[1]) and had[0] == wanted[0]
        self._end(slot, 0.0 if swapped else DRAIN_SECONDS)
        if not first and (not swapped or self._rng.random() < 0.5):
            slot.drains.append(now + DRAIN_SECONDS)
        if wanted[1]:
            self._show(slot, wanted[1])
            trapped = any(traps(sidecar.pod) for traps in self.traps)
            delay = self._rng.uniform(0.1, sidecar.every)
            machine = Machine(wanted[1], now, delay)
            if trapped:
                machine.ends = machine.beats_until = now
            slot.machines.append(machine)

    def _end(self, slot: Slot, drains: float) -> None:
        now = self.clock.now
        for one in slot.machines:
            if one.ends > now:
                one.ends, one.beats_until = now, now + drains

    def _show(self, slot: Slot, revision: str) -> None:
        if slot.gauge != revision:
            slot.gauge, slot.gauge_since = revision, self.clock.now

    def trap(self, pod_is: Callable[[Object], bool]) -> int:
        """The filter traps in pods that run it; in how many."""
        count, now = 0, self.clock.now
        for sidecar in self._everyone():
            for machine in [one for slot in sidecar.slots.values() for one in slot.machines]:
                if machine.ends == FOREVER and pod_is(sidecar.pod):
                    machine.ends = machine.beats_until = now
                    count += 1
        return count

    def recover(self) -> None:
        """What trapped gets another machine, what was rejected is sent again."""
        for sidecar in self._everyone():
            for slot in sidecar.slots.values():
                if slot.wanted[1] and not any(one.ends == FOREVER for one in slot.machines):
                    slot.machines.append(Machine(slot.wanted[1], self.clock.now, sidecar.every))
            self._take(sidecar)

    def _everyone(self) -> list[Sidecar]:
        return [one for of_namespace in self._live.values() for one in of_namespace.values()]

    def _file_is_there(self, sidecar: Sidecar) -> bool:
        """A pod does not start before all that it mounts is there."""
        if sidecar.booted:
            return True
        names, namespace = injection.config_maps(sidecar.pod), sidecar.namespace
        return all(self.store.get(Place(RESOURCES["ConfigMap"], namespace, name)) for name in names)

    def _selected(self, sidecar: Sidecar) -> dict[str, tuple[tuple[str, str], bool]]:
        """Filter -> (EnvoyFilter, revision), and whether what it wants is there."""
        labels = sidecar.pod["metadata"].get("labels") or {}
        found = {}
        for entry in self.store.collection(RESOURCES["EnvoyFilter"], sidecar.namespace):
            selector = at(entry, "spec", "workloadSelector", "labels") or {}
            name = at(entry, "metadata", "labels", f"{DOMAIN}/filter")
            for patch in at(entry, "spec", "configPatches") or ():
                config = at(patch, "patch", "value", "typed_config", "config")
                revision = json.loads(at(config, "configuration", "value") or "{}").get("revision")
                if name and revision and selector.items() <= labels.items():
                    file = at(config, "vm_config", "code", "local", "filename")
                    loadable = not file or file in injection.files(sidecar.pod)
                    found[name] = ((entry["metadata"]["name"], revision), loadable)
        return found

    def seconds(self, path: str) -> float:
        """What an answer takes beside the way there and back."""
        found = page_of(path)
        return self.silent.get(found[0], 0.0) if found else 0.0

    def page(self, namespace: str, name: str) -> str:
        """What a pod's own port answers, by way of the API server."""
        action, sidecar = "get page", self._live.get(namespace, {}).get(name)
        if self.store.get(Place(RESOURCES["Pod"], namespace, name)) is None:
            raise api_error(action, 404, f'pods "{name}" not found')
        if namespace in self.silent:
            late = self.silent[namespace]
            raise api_error(action, 0 if late else 503, "timed out" if late else "no endpoints available")
        if sidecar is None or not sidecar.booted:
            raise api_error(action, 503, "error trying to reach service: connect: connection refused")
        return "\n".join(self._lines(sidecar)) + "\n"

    def _lines(self, sidecar: Sidecar) -> Iterator[str]:
        now, rejected, draining = self.clock.now, 0, 0
        for name, slot in sorted(sidecar.slots.items()):
            rejected += slot.rejected
            draining += 2 * sum(1 for until in slot.drains if until > now)
            tried_only = slot.gauge and not any(one.revision == slot.gauge for one in slot.machines)
            if slot.gauge and (slot.wanted[1] or tried_only or any(one.beats_until > now for one in slot.machines)):
                beats = [
                    one.beat(now, sidecar.every, slot.gauge_since)
                    for one in slot.machines
                    if one.revision == slot.gauge
                ]
                last = max(beats, default=0)
                if last:
                    last = last | 1 if last >= EPOCH.timestamp() + sidecar.odd else last - last % 2
                yield f"# TYPE wasmcustom_{name}_revision gauge"
                yield f"wasmcustom_{name}_revision{{}} {int(slot.gauge, 16)}"
                yield f"wasmcustom_{name}_heartbeat{{}} {last}"
        yield "# TYPE envoy_listener_manager_lds_update_rejected counter"
        yield f"envoy_listener_manager_lds_update_rejected{{}} {rejected}"
        yield f"envoy_listener_manager_total_filter_chains_draining{{}} {draining}"
