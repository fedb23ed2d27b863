# SPDX-License-Identifier: Apache-2.0
"""What makes a workload special, and what a rollout has to make of it: from docs/verdicts.md, not from the code."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass

from tests.simulation.values import Object, at, put

VOLUME, MOUNT = "sidecar.istio.io/userVolume", "sidecar.istio.io/userVolumeMount"
INJECT = "sidecar.istio.io/inject"
ALL = ("Deployment", "StatefulSet", "DaemonSet")
TEMPLATE = ("spec", "template", "metadata")


def template_annotations(entry: Object, **texts: str) -> Object:
    named = {{"volume": VOLUME, "mount": MOUNT}.get(key, key): text for key, text in texts.items()}
    return put(entry, *TEMPLATE, "annotations", {**(at(entry, *TEMPLATE, "annotations") or {}), **named})


@dataclass(frozen=True)
class Trait:
    """`skipped`, `failed`: the reason of its verdict where a filter is deployed by its pods.

    `ill`: its pods never get ready, whoever rolls them. `weight`: how often it is chosen.
    """

    name: str
    change: Callable[[Object, random.Random], Object]
    kinds: tuple[str, ...] = ALL
    skipped: str = ""
    failed: str = ""
    ill: bool = False
    weight: int = 3


def _owned(entry: Object, controller: bool) -> Object:
    owner = {
        "apiVersion": "apps.example.org/v1",
        "kind": "App",
        "name": "app",
        "uid": "uid-app",
        "controller": controller,
    }
    return put(entry, "metadata", "ownerReferences", [owner])


# Each as an application may have it: a list or a map, with spaces of its own, or empty.
_OWN = (
    ('[ {"name": "theirs", "emptyDir": {}} ]', '{"theirs": {"mountPath": "/theirs"}}'),
    ('{"theirs": {"emptyDir": {} }}', '[{"mountPath": "/x", "name": "theirs"}]'),
    ('[{"name":"a"},{"name":"b"}]', "{ }"),
    ("[]", "[ ]"),
)


def _volumes(entry: Object, rng: random.Random) -> Object:
    volume, mount = rng.choice(_OWN)
    return template_annotations(entry, volume=volume, mount=mount)


def _unreadable(entry: Object, rng: random.Random) -> Object:
    return template_annotations(entry, volume=rng.choice(["not json", '"text"', "[1]", '[{"name": "theirs"}']))


def _partition(entry: Object, _rng: random.Random) -> Object:
    strategy = {"type": "RollingUpdate", "rollingUpdate": {"partition": 1}}
    return put(put(entry, "spec", "updateStrategy", strategy), "spec", "replicas", 2)


def _terminating(entry: Object, _rng: random.Random) -> Object:
    metadata = {**entry["metadata"], "finalizers": ["example.org/x"], "deletionTimestamp": "2026-01-01T00:00:00Z"}
    return {**entry, "metadata": metadata}


def _in_spec(*path_and_value: object) -> Callable[[Object, random.Random], Object]:
    return lambda entry, _rng: put(entry, "spec", *path_and_value)


TRAITS = (
    Trait("plain", lambda entry, _rng: entry),
    Trait("own volumes", _volumes, weight=9),
    Trait("unreadable annotation", _unreadable, failed="invalid_annotation", weight=1),
    Trait(
        "volume of our name",
        lambda entry, _rng: template_annotations(entry, volume='[{"name":"wasm-filter-trace","emptyDir":{}}]'),
        failed="foreign_object",
        weight=1,
    ),
    Trait(
        "no injection by label",
        lambda entry, _rng: put(entry, *TEMPLATE, "labels", INJECT, "false"),
        skipped="injection_disabled",
    ),
    Trait(
        "no injection by annotation",
        lambda entry, _rng: template_annotations(entry, **{INJECT: "false"}),
        skipped="injection_disabled",
    ),
    Trait("host network", _in_spec("template", "spec", "hostNetwork", True), skipped="host_network"),
    Trait("owned", lambda entry, _rng: _owned(entry, True), skipped="owned_by_controller"),
    Trait("has an owner", lambda entry, _rng: _owned(entry, False)),
    Trait("paused", _in_spec("paused", True), ("Deployment",)),
    Trait("partition", _partition, ("StatefulSet",)),
    Trait("on delete", _in_spec("updateStrategy", {"type": "OnDelete"}), ("StatefulSet", "DaemonSet")),
    Trait("no replicas", _in_spec("replicas", 0), ("Deployment", "StatefulSet")),
    Trait("one replica", _in_spec("replicas", 1), ("Deployment", "StatefulSet")),
    Trait("short deadline", _in_spec("progressDeadlineSeconds", 15), ("Deployment",)),
    Trait("ill", lambda entry, _rng: entry, ill=True, weight=1),
    Trait("ill and late", _in_spec("progressDeadlineSeconds", 30), ("Deployment",), ill=True, weight=1),
    Trait("terminating", _terminating, skipped="workload_terminating", weight=1),
)


def choose(rng: random.Random, kind: str) -> Trait:
    fitting = [trait for trait in TRAITS if kind in trait.kinds]
    return rng.choices(fitting, [trait.weight for trait in fitting])[0]
