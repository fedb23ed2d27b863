# SPDX-License-Identifier: Apache-2.0
"""What a simulation begins with, from a seed: namespaces, workloads, what others put there, what ran before."""

from __future__ import annotations

import random
from dataclasses import dataclass, field, replace

from ansible_collections.openclarity.wasm_filters.plugins.module_utils.domain.plan import (
    IllBefore,
    OnFailure,
    ProofMode,
)

from tests.simulation import traits
from tests.simulation.tasks import CONFIG_MAP, INLINE, Task
from tests.simulation.traits import Trait
from tests.simulation.truth import DOMAIN, OURS
from tests.simulation.values import Object, put

OTHER_REVISION = "aaaaaaaaaa"
OLD_REVISIONS = ("f000000001", "f000000002", "f000000003")
REVISIONS = tuple(f"{number:010x}" for number in range(1, 8))
KINDS = ("Deployment", "Deployment", "StatefulSet", "DaemonSet")
TIER = (("tier", "front"),)
Key = tuple[str, str, str]


@dataclass
class Scenario:
    """`traits`: of each workload (kind, namespace, name). `before`: what ran before, without faults; then `task`.

    `interrupted`: the last of `before` is killed midway. `unserved`: a kind that the cluster does not know.
    `silent`: namespaces whose pods answer nothing, as those of kwok; and after how many seconds that is said.
    """

    objects: list[Object] = field(default_factory=list)
    traits: dict[Key, list[Trait]] = field(default_factory=dict)
    before: list[Task] = field(default_factory=list)
    task: Task = field(default_factory=lambda: Task(()))
    ineligible: dict[str, tuple[str, str]] = field(default_factory=dict)
    interrupted: bool = False
    unserved: str = ""
    silent: dict[str, float] = field(default_factory=dict)
    heartbeat_seconds: float = 2.0

    def takes(self, key: Key) -> bool:
        """Whether a workload takes a filter, and is well."""
        return not any(trait.ill or trait.skipped or trait.failed for trait in self.traits.get(key, ()))

    def ill(self, key: Key) -> bool:
        return any(trait.ill for trait in self.traits.get(key, ()))


def namespace(name: str) -> Object:
    return {
        "apiVersion": "v1",
        "kind": "Namespace",
        "metadata": {"name": name, "labels": {"istio-injection": "enabled"}},
    }


def workload(kind: str, namespace: str, name: str, rng: random.Random) -> Object:
    labels = {"app": name, **({"tier": "front"} if rng.random() < 0.6 else {})}
    template = {
        "metadata": {"labels": labels},
        "spec": {"containers": [{"name": "app", "image": f"app:{rng.randrange(9)}"}]},
    }
    spec: Object = {"selector": {"matchLabels": {"app": name}}, "template": template}
    if kind != "DaemonSet":
        spec["replicas"] = rng.choice((1, 2, 2, 3))
    return {"apiVersion": "apps/v1", "kind": kind, "metadata": {"name": name, "namespace": namespace}, "spec": spec}


def make(rng: random.Random) -> Scenario:
    scenario = Scenario(unserved=rng.choice(("DaemonSet", "StatefulSet")) if rng.random() < 0.05 else "")
    targets = [f"ns{number}" for number in range(rng.choice((1, 1, 2, 2, 3)))]
    others = [f"other{number}" for number in range(rng.choice((0, 0, 1, 12)))]
    for name in targets + others:
        scenario.objects.append(namespace(name))
    for name in targets + others[:1]:
        _fill(scenario, name, rng)
    scenario.silent = {name: rng.choice((0.0, 10.0)) for name in targets if rng.random() < 0.06}
    scenario.heartbeat_seconds = rng.choice((2.0, 5.0, 5.0))
    if rng.random() < 0.1:
        targets.append("missing")
        scenario.ineligible["missing"] = ("namespace_missing", "namespace missing does not exist")
    rng.shuffle(targets)
    _tasks(scenario, targets, rng)
    return scenario


def _fill(scenario: Scenario, name: str, rng: random.Random) -> None:
    for number in range(rng.choice((0, 1, 2, 3, 4))):
        kind = rng.choice([kind for kind in KINDS if kind != scenario.unserved])
        entry = workload(kind, name, f"w{number}", rng)
        chosen = [traits.choose(rng, kind) for _count in range(rng.choice((0, 1, 1, 1, 2)))]
        for trait in chosen:
            entry = trait.change(entry, rng)
        scenario.traits[kind, name, f"w{number}"] = chosen
        scenario.objects.append(entry)
    scenario.objects += _bystanders(name, rng)
    if rng.random() < 0.15:
        scenario.objects += [entry for revision in OLD_REVISIONS for entry in _former(name, revision)]


def _former(name: str, revision: str) -> list[Object]:
    """What a run of long ago has left."""
    labels = {**OURS, f"{DOMAIN}/filter": "trace", f"{DOMAIN}/revision": revision}
    metadata = {"namespace": name, "labels": labels, "creationTimestamp": "2025-01-01T00:00:00Z"}
    config_map = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {**metadata, "name": f"wasm-filter-{revision}"}}
    filters = {"apiVersion": "networking.istio.io/v1alpha3", "kind": "EnvoyFilter", "spec": {"priority": 1}}
    return [config_map, {**filters, "metadata": {**metadata, "name": f"trace-filter-{revision}"}}]


def _bystanders(name: str, rng: random.Random) -> list[Object]:
    """What is not ours, some of it where ours would go."""
    found = []
    mine = {"metadata": {"namespace": name, "labels": {"app": "mine"}}}
    config_map: Object = {"apiVersion": "v1", "kind": "ConfigMap", **mine, "data": {"key": "value"}}
    envoy_filter: Object = {
        "apiVersion": "networking.istio.io/v1alpha3",
        "kind": "EnvoyFilter",
        **mine,
        "spec": {"a": 1},
    }
    if rng.random() < 0.3:
        found.append(put(config_map, "metadata", "name", "settings"))
        found.append(put(envoy_filter, "metadata", "name", "theirs"))
    if rng.random() < 0.04:
        found.append(put(config_map, "metadata", "name", f"wasm-filter-{rng.choice(REVISIONS[:3])}"))
    if rng.random() < 0.04:
        of_ours = rng.choice((f"trace-filter-{REVISIONS[1]}", "trace-filter"))
        found.append(put(envoy_filter, "metadata", "name", of_ours))
    if rng.random() < 0.15:
        found.append(_pod(name, rng.choice(("Job", "ReplicaSet", ""))))
    return found


def _pod(name: str, owner: str) -> Object:
    metadata: Object = {"name": "lone", "namespace": name, "annotations": {"sidecar.istio.io/status": "{}"}}
    if owner:
        metadata["ownerReferences"] = [{"kind": owner, "name": "lone", "uid": "uid-lone", "controller": True}]
    spec = {"containers": [{"name": "app"}, {"name": "istio-proxy", "args": ["proxy", "sidecar"]}]}
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": metadata,
        "spec": spec,
        "status": {"phase": "Running", "ready": True, "conditions": [{"type": "Ready", "status": "True"}]},
    }


def _tasks(scenario: Scenario, targets: list[str], rng: random.Random) -> None:
    waves = _waves(targets, rng)
    ill_before = rng.choice(tuple(IllBefore))
    every = Task((tuple(targets),), max_in_flight=50, ill_before=ill_before, ineligible=scenario.ineligible)
    deliveries = [CONFIG_MAP, CONFIG_MAP, CONFIG_MAP, INLINE]
    if rng.random() < 0.15:
        # One revision inline after the other.
        deliveries = [INLINE]
    count = rng.choice((0, 0, 1, 1, 1, 2, 2, 5))
    for number in range(count):
        revision = REVISIONS[number % len(REVISIONS)]
        on_failure = rng.choice((OnFailure.STOP, OnFailure.AUTO))
        task = replace(every, revision=revision, delivery=rng.choice(deliveries), on_failure=on_failure)
        scenario.before.append(task)
    if rng.random() < 0.15:
        scenario.before.append(replace(every, revision=OTHER_REVISION, filter_name="audit"))
    removes = count > 0 and rng.random() < 0.45
    revision = rng.choice((REVISIONS[count % len(REVISIONS)], *REVISIONS[: count + 1]))
    scenario.interrupted = bool(scenario.before) and rng.random() < 0.25
    if scenario.interrupted and rng.random() < 0.6:
        # Back to what was there before.
        removes, revision = count < 2, REVISIONS[count - 2]
    delivery = rng.choice(deliveries)
    if scenario.before and not scenario.interrupted and rng.random() < 0.15:
        # The revision stays, and comes by the other way.
        last = scenario.before[-1]
        removes, revision = False, last.revision if last.filter_name == "trace" else revision
        delivery = CONFIG_MAP if last.delivery == INLINE else INLINE
    scenario.task = Task(
        waves,
        revision="" if removes else revision,
        delivery=delivery,
        selector=TIER if rng.random() < 0.1 and not removes else (),
        timeout_seconds=rng.choice((20.0, 60.0, 60.0)),
        max_in_flight=rng.choice((1, 2, 3, 50)),
        max_fail_percentage=rng.choice((0, 0, 50, 100)),
        ill_before=rng.choice(tuple(IllBefore)),
        proof=rng.choice(tuple(ProofMode)),
        proof_seconds=rng.choice((12.0, 12.0, 20.0, 60.0)),
        dry_run=rng.random() < 0.05,
        on_failure=rng.choice((OnFailure.AUTO, *OnFailure)),
        ineligible=scenario.ineligible,
    )


def _waves(targets: list[str], rng: random.Random) -> tuple[tuple[str, ...], ...]:
    if rng.random() < 0.6:
        return (tuple(targets),)
    at = rng.randrange(1, len(targets) + 1)
    return tuple(wave for wave in (tuple(targets[:at]), tuple(targets[at:])) if wave)
