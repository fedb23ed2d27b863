# SPDX-License-Identifier: Apache-2.0
"""What the figures should be, and whether they are."""

from dataclasses import dataclass

from bench.figures import Row
from bench.variants import FIXED_POST, FORMATS, LEFT_OUT

SIZE_BYTES = 40 * 1024
READY_MS = 60
MEMORY_BYTES = 26_000_000
# Of the peer's CPU one part in so many.
TO_PEER = {
    "one POST a trace": (("publish", "apiclarity"), 5),
    "ndjson": (("ndjson",), 15),
    "otlp": (("otlp",), 12),
    LEFT_OUT: ((LEFT_OUT,), 30),
}
P99_TO_FIXED_POST = 1.5


@dataclass(frozen=True)
class Goal:
    """`met` is None where there is no figure."""

    goal: str
    figure: str
    met: bool | None


def goals(rows: list[Row]) -> list[Goal]:
    """Each is judged by the worst of our variants."""
    ours = [row for row in rows if row.name.startswith((*FORMATS, LEFT_OUT))]
    size = max(row.size for row in ours)
    ready = max(row.ready_ms for row in ours)
    ready_two = max(row.ready_two_ms for row in ours)
    memory = max(row.memory_loaded for row in ours)
    return [
        *(
            _to_peer(f"{what}: at most 1/{parts} of the peer's CPU", _of(rows, names), 1 / parts)
            for what, (names, parts) in TO_PEER.items()
        ),
        _latency(rows, ours),
        Goal(f"at most {SIZE_BYTES:,} B", f"{size:,} B", size <= SIZE_BYTES),
        Goal(f"ready at most {READY_MS} ms later", f"{ready:.0f} ms", ready <= READY_MS),
        Goal(f"the same with two VMs in parallel, {READY_MS} ms", f"{ready_two:.0f} ms", ready_two <= READY_MS),
        Goal("at most 26 MB resident, after load", f"{memory / 1e6:.1f} MB", memory <= MEMORY_BYTES),
    ]


def _of(rows: list[Row], names: tuple[str, ...]) -> list[Row]:
    return [row for row in rows if row.name.startswith(names)]


def _latency(rows: list[Row], ours: list[Row]) -> Goal:
    text = f"p99 at most {P99_TO_FIXED_POST} times the fixed POST's"
    fixed = next((row.p99_us.median for row in rows if row.name == FIXED_POST), 0)
    worst = max(ours, key=lambda row: row.p99_us.median)
    figure = f"{worst.p99_us.median:.0f} to {fixed:.0f} us ({worst.name})"
    return Goal(text, figure, worst.p99_us.median <= P99_TO_FIXED_POST * fixed if fixed > 0 else None)


def _to_peer(text: str, rows: list[Row], limit: float) -> Goal:
    ratios = [(row.to_peer.median, row.name) for row in rows if row.to_peer is not None]
    if not ratios:
        return Goal(text, "needs PEER", None)
    worst, name = max(ratios)
    return Goal(text, f"1/{1 / worst:.1f} ({name})" if worst > 0 else f"nothing ({name})", worst <= limit)
