# SPDX-License-Identifier: Apache-2.0
"""The short form of `make simulate`, and that a seed is all that a simulation depends on."""

from __future__ import annotations

from collections import Counter

import pytest

from tests.simulation import coverage, options, tally
from tests.simulation.invariants import rollback
from tests.simulation.play import play
from tests.simulation.previous import play_previous
from tests.simulation.timeline import lines
from tests.simulation.together import play_together


def test_the_short_form() -> None:
    total = tally.run(options.Options(options.RUNS_SHORT, 0, whole=False), lambda _text: None)
    assert total.failures == []
    assert total.seeds == options.RUNS_SHORT
    # Where every fault can be met is where it is met in the whole form, often; here most of them at least once.
    everywhere = sum(map(len, coverage.expected().values()))
    assert len(coverage.gaps(total.met, 1)) < everywhere / 4
    expected = {(fault, place) for fault, places in coverage.expected().items() for place in places}
    assert set(total.met) <= expected | coverage.SELDOM


def test_a_seed_says_it_all() -> None:
    first, again = play(7), play(7)
    assert [list(lines(one)) for one in first.records] == [list(lines(one)) for one in again.records]


def test_two_runs_at_once() -> None:
    played = [play_together(seed) for seed in range(200)]
    assert [one.violations for one in played if one.violations] == []
    said = Counter(str(verdict.reason) for one in played for record in one.records for verdict in record.verdicts)
    # Some of them had to wait in vain, and some were killed.
    assert said["locked"] and any(record.killed for one in played for record in one.records)


def test_two_runs_at_once_take_back() -> None:
    said = Counter(
        str(one.outcome) for seed in range(200) for one in rollback.workloads_of(play_together(seed).records)
    )
    assert said["rolled_back"] > said["rollback_failed"] > 0


def test_back_by_the_playbook() -> None:
    played = [play_previous(seed) for seed in range(200)]
    assert [one.violations for one in played if one.violations] == []
    said = Counter(str(verdict.reason) for one in played for record in one.records for verdict in record.verdicts)
    assert said["no_revision"] and any(record.killed for one in played for record in one.records)


def test_gaps() -> None:
    met = Counter({(fault, place): 100 for fault, places in coverage.expected().items() for place in places})
    assert coverage.gaps(met) == []
    met["429", "patch"] = 99
    assert coverage.gaps(met) == ["429 at 'patch': 99 times"]
    assert "429" in coverage.table(met)


@pytest.mark.parametrize(
    ("environment", "expected"),
    [
        ({}, options.Options(options.RUNS, 0, True)),
        ({"SHORT": "1"}, options.Options(options.RUNS_SHORT, 0, False)),
        ({"RUNS": "1", "SEED": "12"}, options.Options(1, 12, False)),
    ],
)
def test_options(environment: dict[str, str], expected: options.Options) -> None:
    assert options.read(environment) == expected


@pytest.mark.parametrize("environment", [{"RUNS": "0"}, {"SEED": "x"}, {"SHORT": "maybe"}])
def test_wrong_options(environment: dict[str, str]) -> None:
    with pytest.raises(options.BadOption):
        options.read(environment)
