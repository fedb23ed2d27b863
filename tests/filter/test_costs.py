# SPDX-License-Identifier: Apache-2.0
"""What an exchange costs is what is recorded: a change that costs a crossing is seen."""

from pathlib import Path

import pytest

from bench import wasm_build
from tests.filter import costs
from tests.filter.costs import CASES, DOCUMENT, EXCHANGES, MEMORY, Case, count, recorded

INSTRUCTIONS_TOLERANCE = 0.03


@pytest.mark.parametrize("case", [case for case in CASES if not case.build], ids=lambda case: case.name)
def test_costs_are_what_is_recorded(released: Path, case: Case) -> None:
    counts, record = count(released, case), recorded()[case.name]
    again = "if it is meant, and worth it: make count-filter"
    assert dict(counts.callbacks) == record["callbacks"], again
    assert dict(counts.host_calls) == record["host_calls"], again
    assert (counts.bytes_in, counts.bytes_out) == (record["bytes_in"], record["bytes_out"]), again
    assert counts.instructions == pytest.approx(record["instructions"], rel=INSTRUCTIONS_TOLERANCE), again


def test_every_case_is_recorded_and_told() -> None:
    assert list(recorded()) == [case.name for case in CASES]
    text = DOCUMENT.read_text()
    assert costs.document(text, recorded()) == text, "make count-filter"


def test_counts_are_of_what_was_done(tmp_path: Path) -> None:
    """Of a filter that does nothing: Envoy's calls alone."""
    (empty,) = (case for case in CASES if case.build == "empty")
    counts = count(wasm_build.build("empty", tmp_path), empty)
    assert sum(counts.callbacks.values()) == 7 * EXCHANGES
    assert counts.callbacks[MEMORY] == 0
    assert not counts.host_calls
    assert counts.bytes_in == counts.bytes_out == 0
    assert 0 < counts.instructions < 30 * EXCHANGES
