# SPDX-License-Identifier: Apache-2.0
"""Record what another commit of this collection leaves in a cluster.

    git worktree add ../older COMMIT
    python -m testbed up
    python -m tests.upgrade.record --collection ../older

runs the playbooks of that checkout against the running mesh (TESTBED_DIR names another one), in namespaces of
their own, which are deleted in the end, and writes tests/upgrade/recorded/*.json. The same commit gives the same files.
"""

from __future__ import annotations

import argparse
import hashlib
import subprocess
import tempfile
import uuid
from pathlib import Path
from typing import Any

from testbed.paths import layout
from tests.cluster import manifests
from tests.cluster.conftest import Collection, Outcome
from tests.cluster.kubectl import Kubectl
from tests.upgrade import capture, recording, replay
from tests.upgrade.recording import Deploy, Recorded
from tests.upgrade.states import STATES, Variables, workloads


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.upgrade.record", description=__doc__)
    parser.add_argument("--collection", type=Path, required=True, help="a checkout of the commit to record")
    checkout = parser.parse_args().collection.resolve()
    kubectl = Kubectl(layout())
    with tempfile.TemporaryDirectory() as folder:
        collection = Collection.of(checkout, kubectl, Path(folder))
        for name, variables in STATES.items():
            print(f"{name}: {record(name, collection, variables)}", flush=True)


def record(name: str, collection: Collection, deploys: list[Variables]) -> Path:
    """Make the state, and write down what it is after each step."""
    kubectl, namespace = collection.kubectl, f"recorded-{uuid.uuid4().hex[:6]}"
    owned = workloads(namespace)
    try:
        kubectl.apply(manifests.namespace(namespace))
        replay.own(kubectl, namespace, owned)
        original = capture.workloads(kubectl, namespace)
        done = [_deployed(collection, namespace, variables) for variables in deploys]
    finally:
        kubectl("delete", "namespace", "--wait=false", namespace)
    wasm = (collection.checkout / recording.BINARY).read_bytes()
    commit = subprocess.check_output(["git", "rev-parse", "HEAD"], cwd=collection.checkout, text=True).strip()
    state = Recorded(commit, hashlib.sha256(wasm).hexdigest(), owned, original, done)
    return recording.save(name, state, namespace, wasm)


def _deployed(collection: Collection, namespace: str, variables: Variables) -> Deploy:
    outcome = collection.deploy(namespace, **variables)
    assert outcome.status == 0, outcome.output
    kubectl = collection.kubectl
    return Deploy(variables, _steady(outcome), capture.workloads(kubectl, namespace), capture.ours(kubectl, namespace))


def _steady(outcome: Outcome) -> dict[str, Any]:
    return {**outcome.result, "run": {**outcome.result["run"], "id": "recorded", "started": 0, "seconds": 0}}


if __name__ == "__main__":
    main()
