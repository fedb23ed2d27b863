# SPDX-License-Identifier: Apache-2.0
"""What has to hold after every run, judged by what happened in the cluster."""

from __future__ import annotations

from tests.simulation.invariants import limits, locks, namespaces, proof, rollback, slots, stops, untouched, workloads
from tests.simulation.record import Record
from tests.simulation.simulation import Simulation

CHECKS = (
    namespaces.check,
    workloads.check,
    untouched.check,
    limits.check,
    locks.check,
    slots.check,
    stops.check,
    proof.check,
    rollback.check,
)


def violations(simulation: Simulation, record: Record) -> list[str]:
    """One sentence each; none: all is as it has to be."""
    return [text for check in CHECKS for text in check(simulation, record)]
