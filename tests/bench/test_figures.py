# SPDX-License-Identifier: Apache-2.0
"""From samples to tables, without any Envoy."""

import dataclasses

import pytest

from bench import table
from bench.figures import Measured, Memory, Row, Spread, ratio, rows, spread
from bench.goals import goals
from bench.options import bench_options
from bench.rounds import Sample
from bench.variants import FIXED_POST, LEFT_OUT, NONE, PEER

OURS = ("publish, bodies on", "ndjson, batched, bodies off")


def measured(**cpu_us: list[float]) -> Measured:
    """Names as keywords can't have spaces: `fixed` is the fixed POST, and so on."""
    names = {"none": NONE, "fixed": FIXED_POST, "peer": PEER, "publish": OURS[0], "ndjson": OURS[1]}
    names |= {"otlp": "otlp, batched, bodies off", "left": LEFT_OUT}
    samples = {
        names[key]: [Sample(value, 100 + value, 200 + value) for value in values] for key, values in cpu_us.items()
    }
    return Measured(
        samples,
        starts={name: [10.0 * at, 10.0 * at + 500] for at, name in enumerate(samples)},
        starts_two={name: [20.0 * at] for at, name in enumerate(samples)},
        memory={name: Memory(1_000_000 * at, 2_000_000 * at) for at, name in enumerate(samples)},
        size={name: 1000 * at for at, name in enumerate(samples)},
    )


def by_name(found: list[Row]) -> dict[str, Row]:
    return {row.name: row for row in found}


def test_a_spread_is_the_middle_half() -> None:
    assert spread([5.0, 1.0, 3.0, 2.0, 4.0]) == Spread(3.0, 2.0, 4.0)
    assert spread([7.0]) == Spread(7.0, 7.0, 7.0)


def test_rows_are_over_none_round_by_round() -> None:
    found = by_name(rows(measured(none=[50, 60], fixed=[130, 140], peer=[450, 460], publish=[150, 160])))
    assert list(found) == [FIXED_POST, PEER, OURS[0]]
    row = found[OURS[0]]
    assert row.cpu_us == Spread(100, 100, 100)
    assert row.p50_us == row.p99_us == Spread(100, 100, 100)
    assert row.to_peer == Spread(0.25, 0.25, 0.25)
    assert row.to_fixed_post == Spread(1.25, 1.25, 1.25)
    assert (row.size, row.ready_ms, row.ready_two_ms) == (3000, 30, 60)
    assert (row.memory_started, row.memory_loaded) == (3_000_000, 6_000_000)


def test_without_a_peer_there_is_no_ratio_to_it() -> None:
    found = rows(measured(none=[50], fixed=[130], publish=[150], ndjson=[60]))
    assert {row.to_peer for row in found} == {None}
    assert [goal.met for goal in goals(found)][:4] == [None] * 4


def test_rounds_whose_reference_is_lost_in_noise_do_not_count() -> None:
    assert ratio([10.0, 10.0, 10.0], [-1.0, 0.0, 20.0]) == Spread(0.5, 0.5, 0.5)
    assert ratio([10.0], [-1.0]) is None


def test_goals_are_judged_by_the_worst_of_ours() -> None:
    found = rows(measured(none=[50], fixed=[130], peer=[450], publish=[120], ndjson=[60], left=[80]))
    assert {goal.goal.partition(":")[0]: goal.met for goal in goals(found)} == {
        "one POST a trace": True,
        "ndjson": True,
        "otlp": None,
        "left out by sampling": False,
        "p99 at most 1.5 times the fixed POST's": True,
        "at most 40,960 B": True,
        "ready at most 60 ms later": True,
        "the same with two VMs in parallel, 60 ms": False,
        "at most 26 MB resident, after load": True,
    }
    worse = [dataclasses.replace(row, to_peer=Spread(0.3, 0.3, 0.3)) if row.name == OURS[0] else row for row in found]
    assert goals(worse)[0].met is False
    assert OURS[0] in goals(worse)[0].figure
    heavy = [dataclasses.replace(row, size=40_961, memory_loaded=26_000_001) for row in found]
    assert [goal.met for goal in goals(heavy)][5] is False
    assert [goal.met for goal in goals(heavy)][8] is False
    late = [dataclasses.replace(row, p99_us=Spread(121, 121, 121)) if row.name == OURS[1] else row for row in found]
    assert [goal.met for goal in goals(late)][4] is False


@pytest.mark.parametrize("peer", [True, False])
def test_the_tables_have_all_of_it(peer: bool) -> None:
    cpu: dict[str, list[float]] = {"none": [50, 50], "fixed": [130, 130], "publish": [150, 150], "ndjson": [60, 60]}
    cpu |= {"otlp": [60, 60], "left": [51, 51]}
    if peer:
        cpu["peer"] = [450, 450]
    found = rows(measured(**cpu))
    text = table.render(found, goals(found), bench_options({"ROUNDS": "5", "REQUESTS": "1400"}))
    assert text.startswith("5 rounds of 1,400 requests, 12 starts.")
    lines = text.splitlines()[2:]
    assert [line.split(" | ")[0] for line in lines[2 : 2 + len(found)]] == [f"| {row.name}" for row in found]
    widths = {line.count(" | ") for line in lines[: 2 + len(found)]}
    assert widths == {len(table.HEAD) - 1}
    assert "| publish, bodies on | 100.0 (100.0 to 100.0) |" in text
    assert ("needs PEER" in text) is not peer
