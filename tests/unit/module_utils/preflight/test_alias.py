# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from pathlib import Path

import pytest
from ansible_collections.openclarity.wasm_filters.plugins.module_utils.preflight.alias import cluster_alias


def test_the_alias_of_a_cluster_is_a_label(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for variable in ("K8S_AUTH_CONTEXT", "K8S_AUTH_KUBECONFIG", "KUBECONFIG"):
        monkeypatch.delenv(variable, raising=False)
    assert cluster_alias({"context": "arn:aws:eks:eu-1:1/Prod_A"}) == "arn-aws-eks-eu-1-1-prod-a"
    assert cluster_alias({"context": "//"}) == "cluster"
    assert cluster_alias({"host": "https://x"}) == "cluster"
    assert cluster_alias({"kubeconfig": {"current-context": "Kind"}}) == "kind"
    assert cluster_alias({"kubeconfig": str(tmp_path / "gone")}) == "cluster"
    monkeypatch.setenv("K8S_AUTH_CONTEXT", "from-env")
    assert cluster_alias({"kubeconfig": str(tmp_path / "gone")}) == "from-env"
