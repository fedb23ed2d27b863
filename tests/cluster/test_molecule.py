# SPDX-License-Identifier: Apache-2.0
"""The scenario of molecule/default, as a user with a cluster of their own runs it."""

from __future__ import annotations

import os
import subprocess
import sys
import uuid
from pathlib import Path

from testbed.paths import CHECKOUT
from tests.cluster.kubectl import Kubectl

SECONDS = 600
STEPS = ("syntax", "create", "prepare", "converge", "idempotence", "verify", "side_effect", "verify", "destroy")


def test_the_scenario_passes_on_a_named_cluster(kubectl: Kubectl, tmp_path: Path) -> None:
    programs = Path(sys.executable).parent
    foreign = ("K8S_AUTH", "WASM_FILTER", "MOLECULE", "ANSIBLE", "VIRTUAL_ENV", "TESTBED")
    environment = {key: value for key, value in os.environ.items() if not key.startswith(foreign)}
    environment |= {
        "PATH": f"{programs}:{kubectl.layout.bin}:{environment['PATH']}",
        "MOLECULE_KUBECONFIG": kubectl.kubeconfig,
        "MOLECULE_EPHEMERAL_DIRECTORY": str(tmp_path / "molecule"),
        "ANSIBLE_HOME": str(tmp_path / "ansible"),
        "HOME": str(tmp_path),
        "NO_COLOR": "1",
    }
    # Another mesh would be started here, if the scenario did not take the one that it is told to.
    environment["TESTBED_DIR"] = str(tmp_path / "mesh")
    prefix = f"molecule-{uuid.uuid4().hex[:6]}"

    done = subprocess.run(
        [str(programs / "molecule"), "test", "--", "-e", f"molecule_prefix={prefix}"],
        cwd=CHECKOUT,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=SECONDS,
        check=False,
    )

    assert done.returncode == 0, done.stdout
    executed = [line for line in done.stdout.splitlines() if line.startswith("INFO") and "Executed: Successful" in line]
    steps = [line.partition("[default > ")[2].partition("]")[0] for line in executed]
    assert tuple(steps) == ("destroy", *STEPS), done.stdout
    for task in ("Traces of every workload are at the backend", "Every sidecar runs it", "No sidecar runs the filter"):
        assert f"TASK [{task}" in done.stdout, done.stdout
    recaps = [line for line in done.stdout.splitlines() if f".{prefix}-shop " in line and "changed=" in line]
    changed = [line.partition("changed=")[2].split()[0] for line in recaps]
    assert changed == ["1", "0", "1"], "deployed, nothing to do, removed"
    assert "no mesh is started" in done.stdout
    assert not (tmp_path / "mesh").exists(), "no mesh of its own"
    assert prefix not in kubectl("get", "namespaces")
