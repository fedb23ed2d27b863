# SPDX-License-Identifier: Apache-2.0
"""What a number of episodes came to."""

from dataclasses import dataclass, field
from pathlib import Path

from tests.filter.fuzz.episode import Episode

# limits.stack_bytes; the stack is at the bottom of the memory. Other builds than the release have more.
STACK_BYTES = 3072


@dataclass
class Tally:
    events: int = 0
    machines: int = 0
    exchanges: int = 0
    documents: int = 0
    calls: int = 0
    bodies: int = 0
    """Looked through for listed fields, beside the events."""
    stack_untouched: int = STACK_BYTES
    """The least of any machine, of the released build."""
    failures: list[str] = field(default_factory=list)

    def add(self, other: "Tally") -> None:
        self.events += other.events
        self.machines += other.machines
        self.exchanges += other.exchanges
        self.documents += other.documents
        self.calls += other.calls
        self.bodies += other.bodies
        self.stack_untouched = min(self.stack_untouched, other.stack_untouched)
        self.failures += other.failures


def play(wasm: Path, build: str, seed: int, number: int) -> Tally:
    """One episode. A failure says how to see it again."""
    episode = Episode(wasm, seed, number)
    tally = Tally(machines=1)
    try:
        episode.run()
    except Exception as error:  # A violation, a trap, or a fault of the host: each ends the episode.
        where = f"{build} build, event {episode.events} of episode {number} ({episode.theme})"
        file = f" FILTER={wasm}" if build == "given" else ""
        again = f"again: make fuzz SEED={seed} EPISODE={number}{file}"
        tally.failures.append(f"{where}: {type(error).__name__}: {error}\n  {again}")
    tally.events, tally.exchanges = episode.events, episode.traffic.exchanges
    tally.documents, tally.calls = episode.host.books.documents, episode.host.reader.calls
    if build == "released":
        tally.stack_untouched = episode.untouched_stack_bytes(STACK_BYTES)
    return tally
