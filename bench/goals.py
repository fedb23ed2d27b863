# SPDX-License-Identifier: Apache-2.0
"""What the figures should be, and whether they are."""

from dataclasses import dataclass

from bench.figures import Row
from bench.variants import BATCHED, FORMATS

SIZE_BYTES = 24 * 1024
READY_MS = 60
MEMORY_BYTES = 24_000_000
SINGLE_TO_PEER = 1 / 4
BATCHED_TO_PEER = 1 / 15


@dataclass(frozen=True)
class Goal:
    """`met` is None where there is no figure."""

    goal: str
    figure: str
    met: bool | None


def goals(rows: list[Row]) -> list[Goal]:
    """Each is judged by the worst of our variants."""
    ours = [row for row in rows if row.name.startswith(FORMATS)]
    batched = [row for row in ours if row.name.startswith(BATCHED)]
    single = [row for row in ours if row not in batched]
    size = max(row.size for row in ours)
    ready = max(row.ready_ms for row in ours)
    ready_two = max(row.ready_two_ms for row in ours)
    memory = max(row.memory_loaded for row in ours)
    return [
        _to_peer("one POST a trace: at most 1/4 of the peer's CPU", single, SINGLE_TO_PEER),
        _to_peer("batched: at most 1/15 of the peer's CPU", batched, BATCHED_TO_PEER),
        Goal(f"at most {SIZE_BYTES:,} B", f"{size:,} B", size <= SIZE_BYTES),
        Goal(f"ready at most {READY_MS} ms later", f"{ready:.0f} ms", ready <= READY_MS),
        Goal(f"the same with two VMs in parallel, {READY_MS} ms", f"{ready_two:.0f} ms", ready_two <= READY_MS),
        Goal("at most 24 MB resident, after load", f"{memory / 1e6:.1f} MB", memory <= MEMORY_BYTES),
    ]


def _to_peer(text: str, rows: list[Row], limit: float) -> Goal:
    ratios = [(row.to_peer.median, row.name) for row in rows if row.to_peer is not None]
    if not ratios:
        return Goal(text, "needs PEER", None)
    worst, name = max(ratios)
    return Goal(text, f"1/{1 / worst:.1f} ({name})" if worst > 0 else f"nothing ({name})", worst <= limit)
