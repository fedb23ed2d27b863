# SPDX-License-Identifier: Apache-2.0
"""Namespaces that are put into the mesh and into the simulation alike, and what is run in them."""

from __future__ import annotations

import random
from dataclasses import dataclass, field

from tests.cluster.manifests import KWOK
from tests.simulation.scenario import REVISIONS, TIER, workload
from tests.simulation.tasks import CONFIG_MAP, INLINE, Task
from tests.simulation.traits import TRAITS, Trait
from tests.simulation.values import Object, put

R1, R2, R3 = REVISIONS[:3]
# How a namespace is labelled in which a policy refuses what we write, or drops some of it.
POLICY = "openclarity-simulation-policy"
PLAIN = TRAITS[0]
# No node has it: pods stay pending.
NOWHERE = {"testbed/kind": "nowhere"}


@dataclass
class Scenario:
    """A namespace. `policy`: refuse or drop. `ready`: its workloads' pods get ready."""

    name: str
    objects: list[Object] = field(default_factory=list)
    traits: dict[tuple[str, str, str], list[Trait]] = field(default_factory=dict)
    policy: str = ""

    def add(self, kind: str, name: str, *chosen: Trait, front: bool = True) -> Scenario:
        # The same for both: what is random comes of the name.
        rng = random.Random(f"{kind} {name} {[trait.name for trait in chosen]}")
        entry = workload(kind, self.name, name, rng)
        labels = {"app": name, **(dict(TIER) if front else {})}
        entry = put(entry, "spec", "template", "metadata", "labels", labels)
        pod = {**entry["spec"]["template"]["spec"], **KWOK, "terminationGracePeriodSeconds": 0}
        entry = put(entry, "spec", "template", "spec", pod)
        for trait in chosen:
            entry = trait.change(entry, rng)
        if any(trait.ill for trait in chosen):
            entry = put(entry, "spec", "template", "spec", "nodeSelector", NOWHERE)
        if kind == "StatefulSet":
            entry = put(entry, "spec", "serviceName", name)
        self.objects.append(entry)
        self.traits[kind, self.name, name] = list(chosen)
        return self

    def put(self, entry: Object) -> Scenario:
        self.objects.append(put(entry, "metadata", "namespace", self.name))
        return self


@dataclass
class Group:
    """Scenarios in which the same is run, one task after the other, all at a time."""

    scenarios: list[Scenario]
    tasks: list[Task]


def groups(prefix: str) -> list[Group]:
    """All of it; names of namespaces begin with `prefix`."""
    return [_by_trait(f"{prefix}-t"), _ill(f"{prefix}-i"), _switched(f"{prefix}-s"), _selected(f"{prefix}-l")]


def _tasks(scenarios: list[Scenario], *tasks: Task, timeout: float = 60.0) -> Group:
    names = tuple(one.name for one in scenarios)
    return Group(
        scenarios,
        [
            Task(
                (names,), one.revision, one.delivery, selector=one.selector, timeout_seconds=timeout,
                max_in_flight=50, dry_run=one.dry_run,
            )
            for one in tasks
        ],
    )  # fmt: skip


def _by_trait(prefix: str) -> Group:
    """Each trait on each kind, beside a plain workload; then what is there besides."""
    found: list[Scenario] = []
    for trait in TRAITS:
        for kind in trait.kinds if not trait.ill else ():
            found.append(Scenario(f"{prefix}{len(found)}").add("Deployment", "plain").add(kind, "special", trait))
    mine: Object = {"metadata": {"labels": {"app": "mine"}}}
    config_map: Object = {"apiVersion": "v1", "kind": "ConfigMap", **mine, "data": {"key": "value"}}
    filters: Object = {
        "apiVersion": "networking.istio.io/v1alpha3",
        "kind": "EnvoyFilter",
        **mine,
        "spec": {"priority": 1},
    }
    special = [
        [put(config_map, "metadata", "name", f"wasm-filter-{R1}")],
        [put(filters, "metadata", "name", f"trace-filter-{R2}")],
        [put(config_map, "metadata", "name", "settings"), put(filters, "metadata", "name", "theirs")],
        [_pod("lone")],
        [_job("lone")],
    ]
    for objects in special:
        scenario = Scenario(f"{prefix}{len(found)}").add("Deployment", "plain")
        for entry in objects:
            scenario.put(entry)
        found.append(scenario)
    found.append(Scenario(f"{prefix}{len(found)}"))
    found.append(Scenario(f"{prefix}{len(found)}").put(_pod("lone")))
    for policy in ("refuse", "drop"):
        found.append(
            Scenario(f"{prefix}{len(found)}", policy=policy).add("Deployment", "web").add("StatefulSet", "data")
        )
    deploy = Task((), R1)
    return _tasks(found, deploy, deploy, Task((), R2), Task(()), Task(()))


def _ill(prefix: str) -> Group:
    """What never gets ready fails by its own time, and is told from what this run has not changed."""
    ill, late = (trait for trait in TRAITS if trait.ill)
    found = [
        Scenario(f"{prefix}0").add("Deployment", "special", ill),
        Scenario(f"{prefix}1").add("StatefulSet", "special", ill),
        Scenario(f"{prefix}2").add("Deployment", "plain").add("Deployment", "special", late),
    ]
    return _tasks(found, Task((), R1), Task((), R1), Task(()), timeout=6.0)


def _switched(prefix: str) -> Group:
    """One delivery after the other, and what a dry run says before."""
    found = [
        Scenario(f"{prefix}0").add("Deployment", "web"),
        Scenario(f"{prefix}1").add("StatefulSet", "web").add("DaemonSet", "agent"),
        Scenario(f"{prefix}2"),
    ]
    inline, config_map = Task((), R1, INLINE), Task((), R2, CONFIG_MAP)
    dry = [Task((), one.revision, one.delivery, dry_run=True) for one in (inline, config_map)]
    return _tasks(found, dry[0], inline, dry[1], config_map, Task((), R3, INLINE), Task(()))


def _selected(prefix: str) -> Group:
    """Only the pods that the user means."""
    found = [
        Scenario(f"{prefix}0").add("Deployment", "web").add("Deployment", "back", front=False),
        Scenario(f"{prefix}1").add("DaemonSet", "agent", front=False),
    ]
    return _tasks(found, Task((), R1, selector=TIER), Task((), R1, selector=TIER), Task(()))


def _pod(name: str) -> Object:
    spec = {"containers": [{"name": "app", "image": "app"}], **KWOK}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name}, "spec": spec}


def _job(name: str) -> Object:
    template = {"spec": {**_pod(name)["spec"], "restartPolicy": "Never"}}
    return {"apiVersion": "batch/v1", "kind": "Job", "metadata": {"name": name}, "spec": {"template": template}}
