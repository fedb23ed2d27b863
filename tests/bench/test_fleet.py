# SPDX-License-Identifier: Apache-2.0
"""The bench of whole fleets, without any cluster: options, figures, goals, and what plays a sidecar."""

import subprocess
import sys
from pathlib import Path

import pytest
from ansible_collections.openclarity.wasm_filters.plugins.module_utils.probes import sidecar_stats
from ansible_collections.openclarity.wasm_filters.plugins.module_utils.probes.proof import Samples

from bench.fleet import empty, responder, table
from bench.fleet.fleet import has_rolled
from bench.fleet.options import SIZES, fleet_options
from bench.fleet.sequence import Figures
from bench.options import BadOption

REVISION = "0c4e9fea8c"


def figures(namespaces: int, **values: float) -> Figures:
    """`stopped_work` is `stopped, work`, and so on."""
    found = Figures((namespaces, 10))
    for name, value in values.items():
        found.add(name.replace("_", ", "), value)
    return found


def test_the_short_form_is_small_and_what_is_given_counts(tmp_path: Path) -> None:
    assert fleet_options({}).sizes == SIZES
    assert max(a * b for a, b in fleet_options({"SHORT": "1"}).sizes) < 10
    given = fleet_options({"SHORT": "1", "SIZES": "5x4,12x1", "ROUNDS": "3", "OUTPUT": str(tmp_path / "table.md")})
    assert (given.sizes, given.rounds, given.output) == (((5, 4), (12, 1)), 3, tmp_path / "table.md")


@pytest.mark.parametrize("value", ["20", "0x10", "20x10;5x5", "20x10,", "20 x 10"])
def test_a_size_that_is_none_is_named(value: str) -> None:
    with pytest.raises(BadOption, match=r"SIZES=.*: give namespaces x workloads"):
        fleet_options({"SIZES": value})


def test_what_was_measured_several_times_counts_by_its_median() -> None:
    found = Figures((2, 3))
    for value in (1.0, 9.0, 2.0):
        found.add("rolled", value)
    found.add("floor", 4.0)
    assert (found.get("rolled"), found.get("proved"), found.ratio("rolled", "floor")) == (2.0, None, 0.5)
    assert found.ratio("rolled", "script") is None


def test_goals_are_judged_by_the_worst_size() -> None:
    common = {"floor": 10.0, "proved": 12.0, "nothing": 3.0, "empty": 2.0}
    small = figures(20, rolled=11.0, stopped_work=1.0, stopped_script=20.0, **common)
    large = figures(200, rolled=13.0, rolled_memory=1.51e8, **common)
    judged = {goal.goal.partition(":")[0]: (goal.figure, goal.met) for goal in table.goals([small, large])}
    assert judged["rolled"] == ("1.30 (200 x 10)", False)
    assert judged["rolled and proved"] == ("1.20 (200 x 10)", True)
    assert judged["nothing to do"] == ("1.50 (200 x 10)", False)
    assert judged["controllers stopped"] == ("20", True)
    assert judged["at most 150 MB with 2,000 workloads"] == ("151 MB", False)
    assert table.goals([small])[-1].met is None


def test_a_table_has_a_column_for_each_size_and_a_dash_for_what_was_not_measured() -> None:
    _caption, rows, goals = table.render([figures(20, floor=10.0, rolled=11.0), figures(50, floor=20.0)], 1).split(
        "\n\n"
    )
    assert rows.splitlines()[0] == "|  | 20 x 10 | 50 x 10 |"
    assert "| collection | 11.0 | - |" in rows
    assert "1.10 (20 x 10)" in goals


@pytest.mark.parametrize(
    ("status", "rolled"),
    [
        ({"observedGeneration": 2, "replicas": 1, "updatedReplicas": 1, "availableReplicas": 1}, True),
        ({"observedGeneration": 1, "replicas": 1, "updatedReplicas": 1, "availableReplicas": 1}, False),
        ({"observedGeneration": 2, "replicas": 2, "updatedReplicas": 1, "availableReplicas": 1}, False),
        ({"observedGeneration": 2, "replicas": 1, "updatedReplicas": 1}, False),
        ({}, False),
    ],
)
def test_a_deployment_has_rolled_when_only_new_pods_are_left_and_available(
    status: dict[str, int], rolled: bool
) -> None:
    assert has_rolled({"spec": {"replicas": 1}, "status": status}, 2) is rolled


def test_a_page_for_a_pod_without_a_process_is_proof_once_it_has_ticked() -> None:
    samples = Samples(REVISION, fresh=True)
    for now in (100.0, 100.0 + responder.HEARTBEAT_SECONDS):
        assert not samples.proved
        page = responder.page(REVISION, "10.245.0.7", now)
        samples = samples.taken(sidecar_stats.parse(page, "trace"), now)
    assert samples.proved
    assert responder.page(REVISION, "10.245.0.7", 100.0) == responder.page(REVISION, "10.245.0.7", 100.1)


def test_empty_modules_take_what_the_role_gives_them(tmp_path: Path) -> None:
    modules = empty.write(tmp_path) / "plugins" / "modules"
    assert {path.stem for path in modules.iterdir()} == {"preflight", "plan", "rollout", "verdict"}
    arguments = '{"ANSIBLE_MODULE_ARGS": {"namespaces": "a,b", "state": "present"}}'
    done = subprocess.run(
        [sys.executable, str(modules / "preflight.py")], input=arguments, capture_output=True, text=True, check=False
    )
    assert '"namespaces": ["a", "b"]' in done.stdout, done.stderr
