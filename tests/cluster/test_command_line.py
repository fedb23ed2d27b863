# SPDX-License-Identifier: Apache-2.0
"""What is typed, and where: stray words, another user, another Python, relative paths, another strategy."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from testbed.paths import CHECKOUT
from tests.cluster import manifests
from tests.cluster.conftest import Collection, Outcome
from tests.cluster.kubectl import Kubectl

COLLECTIONS = {"ANSIBLE_COLLECTIONS_PATH": str(CHECKOUT / ".cache" / "collections")}
RESULT = {"version": 1, "filter": "trace", "run": {}, "clusters": []}


@pytest.fixture(scope="module")
def two(kubectl: Kubectl, new_namespace: Callable[..., str]) -> tuple[str, str]:
    """Namespaces with a workload each, which no test of this file changes."""
    names = (new_namespace("shop"), new_namespace("pay"))
    for name in names:
        kubectl.apply(manifests.workload(name, "web", pod=manifests.KWOK))
    return names


def check(collection: Collection, *arguments: str, playbook: str = "deploy", folder: Path | None = None) -> Outcome:
    """As typed, with --check."""
    backend = f"wasm_filter_trace_backend_address={collection.backend}"
    given = (f"openclarity.wasm_filters.{playbook}", "--check", "-e", backend, *arguments)
    return collection.typed(*given, folder=folder, environment=COLLECTIONS)


def named(outcome: Outcome) -> set[str]:
    """The namespaces that Ansible has a host for."""
    hosts = (line.split(" ")[0] for line in outcome.output.splitlines() if "ok=" in line)
    return {host.partition(".")[2] for host in hosts if "." in host}


@pytest.mark.parametrize("form", ["namespaces={0} {1}", "namespaces={0},{1}", '{{"namespaces": ["{0}", "{1}"]}}'])
def test_namespaces_as_people_type_them(collection: Collection, two: tuple[str, str], form: str) -> None:
    outcome = check(collection, "-e", form.format(*two))
    assert outcome.status == 0, outcome.output
    assert named(outcome) == set(two)


def test_namespaces_from_a_file_and_of_several_the_last(
    collection: Collection, two: tuple[str, str], tmp_path: Path
) -> None:
    path = tmp_path / "vars.yml"
    path.write_text(json.dumps({"namespaces": list(two)}))
    assert named(check(collection, "-e", f"@{path}")) == set(two)
    assert named(check(collection, "-e", f"namespaces={two[0]}", "-e", f"namespaces={two[1]}")) == {two[1]}


@pytest.mark.parametrize("playbook", ["deploy", "remove"])
def test_a_word_of_another_variable_is_no_namespace(
    collection: Collection, two: tuple[str, str], playbook: str
) -> None:
    shop, pay = two
    outcome = check(collection, "-e", f"namespaces={shop}", "-e", f"reason=roll out {pay}", playbook=playbook)
    assert outcome.status != 0 and named(outcome) == set()
    assert "Nothing was changed. -e number 3: after reason=..., 2 words (not shown)" in outcome.output
    assert """-e "reason='some words'\"""" in json.loads(f'"{_message(outcome)}"')

    quoted = check(collection, "-e", f"namespaces={shop}", "-e", f"reason='roll out {pay}'", playbook=playbook)
    assert quoted.status == 0, quoted.output
    assert named(quoted) == {shop}


def _message(outcome: Outcome) -> str:
    line = next(line for line in outcome.output.splitlines() if line.startswith("fatal: "))
    return line.partition('"msg": "')[2].rpartition('"')[0]


def test_a_token_that_lost_its_quotes_is_not_printed(collection: Collection, two: tuple[str, str]) -> None:
    headers = 'wasm_filter_trace_backend_headers={"authorization": "Bearer hunter2"}'
    outcome = check(collection, "-vvv", "-e", f"namespaces={two[0]}", "-e", headers)
    assert outcome.status != 0 and named(outcome) == set()
    assert "after wasm_filter_trace_backend_headers=..., a word (not shown)" in outcome.output
    # The first line of -vvv is the command itself, by Ansible.
    assert "hunter2" not in outcome.output.partition("PLAY [")[2]


def inventory(folder: Path, **variables: str) -> list[str]:
    path = folder / "hosts.ini"
    given = " ".join(f"{name}={value}" for name, value in variables.items())
    path.write_text(f"localhost ansible_connection=local {given}\n[all:vars]\n{given.replace(' ', chr(10))}\n")
    return ["-i", str(path)]


def test_the_inventory_makes_nobody_another_user(collection: Collection, two: tuple[str, str], tmp_path: Path) -> None:
    root = inventory(tmp_path, ansible_become="true", ansible_become_exe="/nonexistent/sudo")
    for given in (root, ["-b", "-e", "ansible_become_exe=/nonexistent/sudo"]):
        outcome = check(collection, "-e", f"namespaces={two[0]}", *given)
        assert outcome.status == 0, outcome.output
        assert named(outcome) == {two[0]}


@pytest.mark.parametrize("playbook", ["deploy", "remove"])
def test_who_insists_on_another_user_is_refused(collection: Collection, two: tuple[str, str], playbook: str) -> None:
    outcome = check(collection, "-e", f"namespaces={two[0]}", "-e", "ansible_become=true", playbook=playbook)
    assert outcome.status != 0 and named(outcome) == set()
    assert "Nothing was changed. become: this would run as another user" in outcome.output


def test_the_playbooks_own_python_runs_it(collection: Collection, two: tuple[str, str], tmp_path: Path) -> None:
    given = inventory(tmp_path, ansible_python_interpreter="/nonexistent/python")
    outcome = check(collection, "-e", f"namespaces={two[0]}", *given)
    assert outcome.status == 0, outcome.output


def test_another_strategy_of_the_users_is_not_taken(collection: Collection, two: tuple[str, str]) -> None:
    collection.environment["ANSIBLE_STRATEGY"] = "free"
    try:
        outcome = check(collection, "-e", f"namespaces={','.join(two)}")
    finally:
        del collection.environment["ANSIBLE_STRATEGY"]
    assert outcome.status == 0, outcome.output
    assert named(outcome) == set(two)


def test_paths_are_relative_to_where_the_command_was_typed(
    collection: Collection, two: tuple[str, str], tmp_path: Path
) -> None:
    plays = tmp_path / "plays"
    plays.mkdir()
    (plays / "own.yml").write_text("- import_playbook: openclarity.wasm_filters.deploy\n")
    (plays / "r.json").write_text("the user's own\n")
    for name in ("r.json", "plan.json"):
        (tmp_path / name).write_text("")
    given = ["-e", "wasm_filter_result_file=r.json", "-e", "wasm_filter_plan_file=./plan.json"]
    backend = f"wasm_filter_trace_backend_address={collection.backend}"
    outcome = collection.typed(
        *("plays/own.yml", "--check", "-e", f"namespaces={two[0]}", "-e", backend, *given),
        folder=tmp_path,
        environment=COLLECTIONS,
    )
    assert outcome.status == 0, outcome.output
    assert json.loads((tmp_path / "r.json").read_text())["clusters"]
    assert json.loads((tmp_path / "plan.json").read_text())["targets"]
    assert (plays / "r.json").read_text() == "the user's own\n"


def test_a_run_that_is_refused_leaves_no_result_of_an_earlier_one(
    collection: Collection, two: tuple[str, str], tmp_path: Path
) -> None:
    (tmp_path / "r.json").write_text(json.dumps(RESULT))
    given = ["-e", f"namespaces={two[0]}", "-e", "wasm_filter_result_file=r.json"]
    outcome = check(collection, *given, "-e", "wasm_filter_trace_format=xml", folder=tmp_path)
    assert outcome.status != 0 and "must be publish" in outcome.output
    assert not (tmp_path / "r.json").exists()


def test_a_file_that_is_no_result_is_neither_deleted_nor_replaced(
    collection: Collection, two: tuple[str, str], tmp_path: Path
) -> None:
    (tmp_path / "notes.txt").write_text("mine\n")
    given = ["-e", f"namespaces={two[0]}", "-e", "wasm_filter_result_file=notes.txt"]
    outcome = check(collection, *given, folder=tmp_path)
    assert outcome.status != 0 and "exists and is not the result of a run" in outcome.output
    assert (tmp_path / "notes.txt").read_text() == "mine\n"
