# SPDX-License-Identifier: Apache-2.0
"""Given a namespace as an older commit of this collection left it: nothing is to be done, and all can be taken out.

With the filter and the settings of then, as a new filter is another revision by itself.

The states are in tests/upgrade/recorded; tests/upgrade/record.py makes them.
"""

from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest

from tests.cluster.conftest import Collection, Outcome
from tests.cluster.kubectl import Kubectl
from tests.cluster.test_deploy import versions
from tests.upgrade import capture, recording, replay
from tests.upgrade.recording import Deploy, Recorded


@dataclass(frozen=True)
class Older:
    """A namespace in a recorded state."""

    collection: Collection
    namespace: str
    state: Recorded

    def variables(self, deploy: Deploy) -> dict[str, Any]:
        return same(self.collection, self.state, deploy)

    def seen(self) -> dict[str, Any]:
        """All that a write of ours would change: content, owners of fields, versions."""
        kubectl = self.collection.kubectl
        captured = {**capture.workloads(kubectl, self.namespace), **capture.ours(kubectl, self.namespace)}
        return {**captured, "versions": versions(kubectl, self.namespace)}

    def assert_unchanged(self, deploy: Deploy) -> None:
        before = self.seen()
        outcome = self.collection.deploy(self.namespace, **self.variables(deploy))
        assert outcome.verdicts == {self.namespace: "unchanged"}, outcome.output
        assert outcome.status == 0 and outcome.recap(self.namespace)["changed"] == 0
        assert self.seen() == before
        assert _revisions(outcome.namespaces[self.namespace]) == _revisions(deploy.verdict)

    def remove(self, deploy: Deploy) -> None:
        outcome: Outcome = self.collection.remove(self.namespace, **self.variables(deploy))
        assert outcome.status == 0 and outcome.verdicts == {self.namespace: "removed"}, outcome.output

    def assert_as_before(self) -> None:
        kubectl = self.collection.kubectl
        found = capture.without_managers(capture.workloads(kubectl, self.namespace))
        assert found == capture.without_managers(self.state.original)
        assert capture.ours(kubectl, self.namespace) == {}


def same(collection: Collection, state: Recorded, deploy: Deploy) -> dict[str, Any]:
    """What was deployed then: the same settings, and the filter of that commit."""
    wasm = collection.scratch / f"{state.sha256}.wasm"
    wasm.write_bytes(state.binary)
    return {**deploy.spelled_out, "wasm_filter_binary_path": str(wasm)}


def _revisions(verdict: dict[str, Any]) -> dict[tuple[str, str], tuple[str, str]]:
    """On which revision each workload is, and why not."""
    return {(one["kind"], one["name"]): (one["to"], one["reason"]) for one in verdict["workloads"]}


@pytest.fixture
def older(kubectl: Kubectl, new_namespace: Callable[..., str], collection: Collection) -> Callable[[str], Older]:
    def make(name: str) -> Older:
        namespace = new_namespace("older")
        state = recording.load(name, namespace)
        replay.put(kubectl, namespace, state)
        return Older(collection, namespace, state)

    return make


@pytest.mark.parametrize("name", ["configmap", "inline", "two_revisions"])
def test_what_an_older_commit_deployed_is_unchanged_and_leaves_nothing(
    older: Callable[[str], Older], name: str
) -> None:
    shop = older(name)
    last = shop.state.deploys[-1]

    shop.assert_unchanged(last)
    shop.remove(last)

    shop.assert_as_before()


@pytest.mark.parametrize("name", ["inline", "two_revisions"])
def test_a_deploy_leaves_what_an_older_commit_left(
    kubectl: Kubectl, new_namespace: Callable[..., str], collection: Collection, name: str
) -> None:
    shop = new_namespace("newer")
    state = recording.load(name, shop)
    replay.own(kubectl, shop, state.owned)

    for deploy in state.deploys:
        outcome = collection.deploy(shop, **same(collection, state, deploy))
        assert outcome.status == 0, outcome.output
        assert with_the_last_one_only(capture.workloads(kubectl, shop)) == deploy.workloads
        assert with_the_last_one_only(capture.ours(kubectl, shop)) == deploy.ours


def with_the_last_one_only(objects: capture.Objects) -> capture.Objects:
    """The older commit noted one revision of before, not three, and of delivery inline none."""
    found = copy.deepcopy(objects)
    for key, item in found.items():
        annotations = item["metadata"].get("annotations", {})
        for name in [name for name in annotations if name.endswith(".previous")]:
            if not key.startswith("EnvoyFilter/"):
                annotations[name] = annotations[name].partition(",")[0]
                continue
            del item["metadata"]["annotations"]
            for entry in item["metadata"]["managedFields"]:
                entry["fieldsV1"]["f:metadata"].pop("f:annotations", None)
    return found


def test_an_older_revision_is_gone_back_to_under_its_name(older: Callable[[str], Older]) -> None:
    shop = older("two_revisions")
    first = shop.state.deploys[0]

    outcome = shop.collection.deploy(shop.namespace, **shop.variables(first))

    assert outcome.verdicts == {shop.namespace: "deployed"}, outcome.output
    assert _revisions(outcome.namespaces[shop.namespace]) == _revisions(first.verdict)
    kept = shop.state.deploys[-1].ours
    assert capture.ours(shop.collection.kubectl, shop.namespace) == kept, "both revisions were there already"


def test_two_filters_of_an_older_commit_are_unchanged(older: Callable[[str], Older]) -> None:
    shop = older("two_filters")
    for deploy in shop.state.deploys:
        shop.assert_unchanged(deploy)


@pytest.mark.parametrize(
    ("going", "staying"),
    [
        pytest.param(0, 1, id="first deployed first"),
        pytest.param(1, 0, id="last deployed first"),
    ],
)
def test_two_filters_of_an_older_commit_go_one_by_one(older: Callable[[str], Older], going: int, staying: int) -> None:
    shop = older("two_filters")

    shop.remove(shop.state.deploys[going])
    shop.assert_unchanged(shop.state.deploys[staying])
    shop.remove(shop.state.deploys[staying])

    shop.assert_as_before()
