"""Filters that share a workload."""

from __future__ import annotations

import itertools
import json

import pytest
from ansible_collections.openclarity.wasm_filters.plugins.module_utils.deliveries import workload_change
from ansible_collections.openclarity.wasm_filters.plugins.module_utils.domain.names import FilterNames
from ansible_collections.openclarity.wasm_filters.plugins.module_utils.kinds.deployment import DEPLOYMENT

from tests.unit.module_utils.deliveries.test_workload_change import applied, deployed, stored, template
from tests.unit.objects import MOUNT, NAMES, R1, R2, VOLUME


def test_another_filter_on_the_same_workload_stays() -> None:
    other = FilterNames("other")
    entry = deployed()
    entry = applied(entry, workload_change.deploy(DEPLOYMENT, entry, other, R2))
    after = applied(entry, workload_change.remove(DEPLOYMENT, entry, NAMES))
    assert workload_change.revision_of(DEPLOYMENT, after, NAMES) is None
    assert workload_change.revision_of(DEPLOYMENT, after, other) == R2
    volumes = json.loads(template(after)["annotations"][VOLUME])
    assert [volume["name"] for volume in volumes] == [other.volume]
    assert workload_change.deploy(DEPLOYMENT, after, other, R2).body is None


def test_two_filters_deployed_in_turn_change_nothing_the_second_time() -> None:
    other = FilterNames("other")
    entry = deployed()
    entry = applied(entry, workload_change.deploy(DEPLOYMENT, entry, other, R2))
    assert workload_change.deploy(DEPLOYMENT, entry, NAMES, R1).body is None
    assert workload_change.deploy(DEPLOYMENT, entry, other, R2).body is None
    # A new revision of the first leaves the second where it is.
    entry = applied(entry, workload_change.deploy(DEPLOYMENT, entry, NAMES, R2))
    assert workload_change.deploy(DEPLOYMENT, entry, other, R2).body is None


THEIRS: list[dict[str, str]] = [
    {},
    {VOLUME: ' [ {"name": "theirs",  "emptyDir": {} } ]\n', MOUNT: '[{ "mountPath":"/a" ,"name":"theirs"}]'},
    {VOLUME: '{ "theirs" : {"secret": {"secretName": "\\u00e9"}}}', MOUNT: '{"theirs":\t{"mountPath": "/a"}}'},
    {VOLUME: "null", MOUNT: "  "},
    {VOLUME: "{ }", MOUNT: "[\n]"},
]


@pytest.mark.parametrize("theirs", THEIRS)
@pytest.mark.parametrize("order", list(itertools.permutations(["trace", "two", "three"])))
def test_filters_that_go_in_any_order_leave_the_applications_own_text(
    theirs: dict[str, str], order: tuple[str, ...]
) -> None:
    before = stored(annotations=theirs)
    entry = before
    for name in ("trace", "two", "three"):
        entry = applied(entry, workload_change.deploy(DEPLOYMENT, entry, FilterNames(name), R1))
    # One has come to another revision since.
    entry = applied(entry, workload_change.deploy(DEPLOYMENT, entry, FilterNames("trace"), R2))
    for name in order:
        entry = applied(entry, workload_change.remove(DEPLOYMENT, entry, FilterNames(name)))
    assert template(entry) == {"labels": {"app": "web"}, "annotations": theirs}
    assert entry["metadata"]["annotations"] == {}
