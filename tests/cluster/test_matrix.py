# SPDX-License-Identifier: Apache-2.0
"""A deploy with versions that people have: their ansible-core, Python and client of Kubernetes. See tests/matrix."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.cluster import conftest
from tests.cluster.conftest import Backend, Collection
from tests.cluster.kubectl import Kubectl
from tests.cluster.test_deploy import only_pod
from tests.matrix import environments, pairs
from tests.matrix.pairs import Pair


def programs(pair: Pair) -> Path:
    try:
        return environments.bin_of(pair)
    except environments.MissingError as error:
        if os.environ.get("CI"):
            pytest.fail(str(error))
        pytest.skip(str(error))


@pytest.mark.parametrize(
    "pair", [pytest.param(one, id=one.name) for one in pairs.named(os.getenv("MATRIX_PAIRS", "ends"))]
)
def test_a_deploy_is_proved_done_again_and_taken_out(
    pair: Pair,
    kubectl: Kubectl,
    app: Callable[..., str],
    backend: Backend,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(conftest, "PLAYBOOK", str(programs(pair) / "ansible-playbook"))
    collection = Collection(kubectl, tmp_path, backend.address)
    collection.environment |= environments.environment(programs(pair))
    collection.environment["PYTHONPATH"] = ""
    shop = app("matrix")

    outcome = collection.deploy(shop, wasm_filter_proof="require")

    assert outcome.verdicts == {shop: "deployed"}, outcome.output
    name = only_pod(kubectl, shop)["metadata"]["name"]
    assert kubectl.call(shop, name, f"http://web.{shop}/echo?from={shop}")["status"] == 200
    assert backend.trace_of(f"from={shop}")["scnt_response"]["status_code"] == "200"
    assert collection.deploy(shop).verdicts == {shop: "unchanged"}
    assert collection.remove(shop).verdicts == {shop: "removed"}
