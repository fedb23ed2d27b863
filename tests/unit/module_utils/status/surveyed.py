# SPDX-License-Identifier: Apache-2.0
"""The status of a simulated cluster."""

from __future__ import annotations

from ansible_collections.openclarity.wasm_filters.plugins.module_utils.runner import loop
from ansible_collections.openclarity.wasm_filters.plugins.module_utils.status.states import (
    FilterStatus,
    NamespaceStatus,
    State,
)
from ansible_collections.openclarity.wasm_filters.plugins.module_utils.status.survey import Survey

from tests.simulation.executor import SimulatedExecutor
from tests.unit.runs import Simulated


def surveyed(
    there: Simulated, *namespaces: str, filter_name: str = "", proof: bool = False
) -> dict[str, NamespaceStatus]:
    machine = Survey(namespaces, filter_name, proof)
    loop.run(machine, SimulatedExecutor(there.server, there.wire))
    if machine.error is not None:
        raise machine.error
    return {one.name: one for one in machine.statuses()}


def trace(there: Simulated, namespace: str = "shop") -> FilterStatus:
    """Of the one filter in a namespace."""
    (found,) = surveyed(there, namespace)[namespace].filters
    return found


def states(found: FilterStatus) -> dict[str, State]:
    return {one.name: one.state for one in found.workloads}


def findings(found: FilterStatus) -> dict[str, State]:
    return {one.object: one.state for one in found.findings}
