# SPDX-License-Identifier: Apache-2.0
"""`make demo KUBECONFIG=FILE`: the demo on a cluster that somebody has. The test mesh is one."""

from __future__ import annotations

import subprocess
import sys

import pytest

from testbed.demo.cluster import MANIFESTS
from testbed.paths import CHECKOUT
from tests.cluster.kubectl import Kubectl

SECONDS = 600


def demo(kubectl: Kubectl, command: str) -> subprocess.CompletedProcess[str]:
    words = [sys.executable, "-m", "testbed.demo", command, "--kubeconfig", str(kubectl.kubeconfig)]
    return subprocess.run(words, cwd=CHECKOUT, capture_output=True, text=True, timeout=SECONDS, check=False)


def namespaces(kubectl: Kubectl) -> set[str]:
    return {entry["metadata"]["name"] for entry in kubectl.get("namespaces")["items"]}


def test_the_demo_on_a_cluster_that_is_there(kubectl: Kubectl) -> None:
    shown = demo(kubectl, "up")
    try:
        assert shown.returncode == 0, shown.stdout + shown.stderr
        assert "All of this was seen to work" in shown.stdout
        assert "the same pods as before, none restarted" in shown.stdout
    finally:
        ended = demo(kubectl, "down")
    assert ended.returncode == 0 and "Nothing of the demo is left" in ended.stdout, ended.stdout + ended.stderr
    assert not namespaces(kubectl) & {*MANIFESTS}


@pytest.mark.parametrize("command", ["up", "down"])
def test_a_namespace_of_somebody_else_is_left_alone(kubectl: Kubectl, command: str) -> None:
    kubectl("create", "namespace", "traces")
    try:
        refused = demo(kubectl, command)
        assert refused.returncode == 1
        assert "There is a namespace traces already, which is not the demo's" in refused.stdout
        assert namespaces(kubectl) & {*MANIFESTS} == {"traces"}
    finally:
        kubectl("delete", "namespace", "traces", "--wait=true")
