# SPDX-License-Identifier: Apache-2.0
"""How many requests a namespace costs the API server, by verb and resource.

    python -m testbed up
    python -m bench.api_requests [--collection DIR]

DIR is a checkout of another commit, to compare with. Prints a Markdown table: a namespace with a Deployment, a
StatefulSet and a DaemonSet of one pod each, deployed, deployed again, with a new revision, and removed.
"""

from __future__ import annotations

import argparse
import tempfile
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any

from testbed.paths import CHECKOUT, layout
from tests.cluster import manifests
from tests.cluster.conftest import Collection, Outcome
from tests.cluster.kubectl import Kubectl
from tests.cluster.request_meter import RequestMeter, Requests, metering

DELIVERIES = ("configmap", "inline")
# A Service that every cluster has; no pod of KWOK ever sends it anything.
BACKEND = {"wasm_filter_trace_backend_address": "kubernetes.default", "wasm_filter_trace_backend_port": 443}


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.api_requests", description=__doc__)
    parser.add_argument("--collection", type=Path, default=CHECKOUT, help="a checkout; this one by default")
    checkout = parser.parse_args().collection.resolve()
    kubectl = Kubectl(layout())
    with tempfile.TemporaryDirectory() as folder, metering(kubectl, Path(folder)) as meter:
        collection = Collection.of(checkout, kubectl, Path(folder))
        columns = {
            f"{delivery}: {step}": found
            for delivery in DELIVERIES
            for step, found in measured(collection, meter, delivery).items()
        }
    print(table(columns))


def measured(collection: Collection, meter: RequestMeter, delivery: str) -> dict[str, Requests]:
    """What each step sends."""
    kubectl, namespace = collection.kubectl, f"requests-{uuid.uuid4().hex[:6]}"
    kinds = {"web": "Deployment", "db": "StatefulSet", "agent": "DaemonSet"}
    workloads = [manifests.workload(namespace, name, kind, pod=manifests.KWOK) for name, kind in kinds.items()]
    settings: dict[str, Any] = {**BACKEND, "wasm_filter_delivery": delivery, "kubeconfig": meter.kubeconfig}

    def deploy(**more: Any) -> Callable[[], None]:
        return lambda: _fine(collection.deploy(namespace, **settings, **more))

    try:
        kubectl.apply(manifests.namespace(namespace), *workloads)
        kubectl.rolled(namespace, *(f"{kind}/{name}" for name, kind in kinds.items()))
        return {
            "deploy": meter.during(deploy()),
            "again": meter.during(deploy()),
            "next revision": meter.during(deploy(wasm_filter_bodies="off")),
            "remove": meter.during(lambda: _fine(collection.remove(namespace, kubeconfig=meter.kubeconfig))),
        }
    finally:
        kubectl("delete", "namespace", "--wait=false", namespace)


def _fine(outcome: Outcome) -> None:
    assert outcome.status == 0, outcome.output


def table(columns: dict[str, Requests]) -> str:
    """A row for each verb and resource that was asked for at all."""
    rows = sorted({key for found in columns.values() for key in found}, key=lambda key: (key[1], key[0]))
    lines = ["| request | " + " | ".join(columns) + " |", "|---" * (len(columns) + 1) + "|"]
    for verb, resource in rows:
        counts = (str(found[verb, resource] or "") for found in columns.values())
        lines.append(f"| {verb} {resource} | " + " | ".join(counts) + " |")
    lines.append("| all | " + " | ".join(str(found.total()) for found in columns.values()) + " |")
    return "\n".join(lines)


if __name__ == "__main__":
    main()
