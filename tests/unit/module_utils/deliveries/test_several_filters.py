# SPDX-License-Identifier: Apache-2.0
"""Several filters on one workload, deployed and removed in whatever order."""

from __future__ import annotations

import copy
import itertools
from typing import Any

import pytest
from ansible_collections.openclarity.wasm_filters.plugins.module_utils.deliveries import workload_change
from ansible_collections.openclarity.wasm_filters.plugins.module_utils.deliveries.base import WorkloadChange
from ansible_collections.openclarity.wasm_filters.plugins.module_utils.domain.names import FilterNames
from ansible_collections.openclarity.wasm_filters.plugins.module_utils.kinds.deployment import DEPLOYMENT

from tests.simulation.values import merged
from tests.unit.objects import MOUNT, R1, R2, VOLUME, workload

FILTERS = [FilterNames(name) for name in ("audit", "trace", "zone")]
TEXTS = {
    "none": None,
    "compact list": '[{"name":"mine"}]',
    "spaced list": '[ {"name": "mine",  "emptyDir": {}} ]\n',
    "spaced map": '{"mine":  {"emptyDir": {} } }',
    "escapes": '[{"name":"mine","mountPath":"\\/m\\u00f6re"}]',
    "empty list": "[ ]",
    "empty map": "{}",
    "null": "null",
    "empty": "",
}
CASES = [pytest.param(text, id=id) for id, text in TEXTS.items()]


def stored(text: str | None) -> dict[str, Any]:
    entry = workload(annotations={} if text is None else {VOLUME: text, MOUNT: text})
    entry["metadata"] |= {"uid": "uid-1", "resourceVersion": "7", "annotations": {}}
    return entry


def deployed(entry: dict[str, Any], names: FilterNames, revision: str) -> dict[str, Any]:
    return after(entry, workload_change.deploy(DEPLOYMENT, entry, names, revision))


def removed(entry: dict[str, Any], names: FilterNames) -> dict[str, Any]:
    return after(entry, workload_change.remove(DEPLOYMENT, entry, names))


def after(entry: dict[str, Any], change: WorkloadChange) -> dict[str, Any]:
    return merged(copy.deepcopy(entry), change.body) if change.body else entry


@pytest.mark.parametrize("text", CASES)
def test_the_last_deployed_is_removed_first_and_nothing_of_ours_stays(text: str | None) -> None:
    entry = stored(text)
    for names in FILTERS:
        entry = deployed(entry, names, R1)
    for names in reversed(FILTERS):
        entry = removed(entry, names)
    assert entry == stored(text)


@pytest.mark.parametrize("text", CASES)
def test_removed_in_any_order_nothing_of_ours_stays(text: str | None) -> None:
    for order in itertools.permutations(FILTERS):
        entry = stored(text)
        for names in FILTERS:
            entry = deployed(entry, names, R1)
        for names in order:
            entry = removed(entry, names)
        assert entry == stored(text), [names.name for names in order]


@pytest.mark.parametrize("text", CASES)
def test_a_new_revision_in_between_forgets_nothing(text: str | None) -> None:
    for renewed, order in itertools.product(FILTERS, itertools.permutations(FILTERS)):
        entry = stored(text)
        for names in FILTERS:
            entry = deployed(entry, names, R1)
        entry = deployed(entry, renewed, R2)
        for names in order:
            entry = removed(entry, names)
        assert entry == stored(text), (renewed.name, [names.name for names in order])


@pytest.mark.parametrize("text", CASES)
def test_what_one_does_is_nothing_to_do_for_the_others(text: str | None) -> None:
    entry = stored(text)
    for number, names in enumerate(FILTERS):
        entry = deployed(entry, names, R1)
        for other in FILTERS[:number]:
            assert workload_change.deploy(DEPLOYMENT, entry, other, R1).body is None, (names.name, other.name)
    renewed = deployed(entry, FILTERS[0], R2)
    for other in FILTERS[1:]:
        assert workload_change.deploy(DEPLOYMENT, renewed, other, R1).body is None, other.name
    left = removed(renewed, FILTERS[0])
    for other in FILTERS[1:]:
        assert workload_change.deploy(DEPLOYMENT, left, other, R1).body is None, other.name
