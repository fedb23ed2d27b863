# SPDX-License-Identifier: Apache-2.0
"""A stop: verdicts for all within seconds, and nothing is begun any more."""

from __future__ import annotations

from collections.abc import Iterator

from tests.simulation.invariants.locks import changes
from tests.simulation.record import Record
from tests.simulation.simulation import Simulation

SECONDS = 10.0


def check(_simulation: Simulation, record: Record) -> Iterator[str]:
    if not record.stops or record.killed:
        return
    first = record.stops[0][0]
    urgent = next((time for time, is_urgent in record.stops if is_urgent), None)
    urgent = urgent if urgent is not None else (record.stops[1][0] if len(record.stops) > 1 else None)
    if record.end > first + SECONDS:
        yield f"stopped at {first:.1f} s, the run was over at {record.end:.1f} s"
    if urgent is not None and record.end > urgent + 0.001:
        yield f"told to stop at once at {urgent:.1f} s, the run was over at {record.end:.1f} s"
    for time, command in record.dispatched:
        if time > first and changes(command.request):
            yield f"{command.request.verb} {command.request.path} was begun {time - first:.1f} s after the stop"
