# SPDX-License-Identifier: Apache-2.0
"""Rules that keep the collection readable, checked so that nobody has to remember them."""

from __future__ import annotations

import ast
import functools
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.unit.objects import REPOSITORY

# Aim at 200. No exceptions: what gets longer than this is two things.
LINES_MAX = 320
SOURCES = {".py", ".zig", ".go", ".sh", ".yml", ".yaml", ".j2"}
# What a user installs.
SHIPPED = {
    "CHANGELOG.rst",
    "LICENSE",
    "README.md",
    "changelogs",
    "collections",
    "docs",
    "filter",
    "meta",
    "playbooks",
} | {
    "plugins",
    "roles",
}
MODULE_UTILS = REPOSITORY / "plugins" / "module_utils"
# Four lines for each variable of the role, which has to be in one file.
TABLES = {REPOSITORY / "roles" / "wasm_filter" / "meta" / "argument_specs.yml"}
ROLES = sorted((REPOSITORY / "roles").iterdir())


def tracked() -> list[Path]:
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=REPOSITORY, capture_output=True, text=True, check=True)
    return [path for name in listed.stdout.split("\0") if name and (path := REPOSITORY / name).is_file()]


def loaded(path: Path) -> Any:
    return yaml.safe_load(path.read_text())


def length(path: Path) -> int:
    """In lines; that of the licence says nothing about the file."""
    return sum("SPDX-License-Identifier:" not in line for line in path.read_text().splitlines())


def test_no_source_file_is_long() -> None:
    found = {
        str(path.relative_to(REPOSITORY)): lines
        for path in tracked()
        if path.suffix in SOURCES and path not in TABLES and (lines := length(path)) > LINES_MAX
    }
    assert not found


@functools.cache
def imported() -> frozenset[str]:
    """The last two parts of whatever the plugins import, such as module_utils.names or workload_kinds.kind."""
    return frozenset(_imported())


def _imported() -> Iterator[str]:
    for path in (REPOSITORY / "plugins").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.ImportFrom):
                source = node.module or ""
                yield source.rpartition(".")[2]
                yield from (name.name for name in node.names)


def utilities(folder: str) -> list[str]:
    files = (REPOSITORY / "plugins" / folder).rglob("*.py")
    return sorted(str(path.relative_to(REPOSITORY / "plugins")) for path in files if path.stem != "__init__")


@pytest.mark.parametrize("file", utilities("module_utils") + utilities("plugin_utils"))
def test_every_utility_is_used(file: str) -> None:
    assert Path(file).stem in imported()


@pytest.mark.parametrize("file", utilities("module_utils"))
def test_every_module_utils_file_has_its_test_file(file: str) -> None:
    path = Path(file)
    assert (REPOSITORY / "tests" / "unit" / path.with_name(f"test_{path.name}")).is_file()


@pytest.mark.parametrize(
    "file", utilities("plugin_utils") + sorted(f"action/{p.name}" for p in (REPOSITORY / "plugins/action").glob("*.py"))
)
def test_every_plugin_has_its_test_file(file: str) -> None:
    path = Path(file)
    mirrored = path.with_name(f"test_{path.name}").relative_to(path.parts[0])
    assert (REPOSITORY / "tests" / "unit" / "plugins" / mirrored).is_file()


def test_only_one_file_talks_to_the_api_server() -> None:
    talkers = {path.relative_to(MODULE_UTILS) for path in MODULE_UTILS.rglob("*.py") if "urllib3" in path.read_text()}
    assert talkers == {Path("cluster/api.py")}


def documentation(module: Path) -> dict[str, Any]:
    for node in ast.parse(module.read_text()).body:
        if isinstance(node, ast.Assign) and getattr(node.targets[0], "id", "") == "DOCUMENTATION":
            found: dict[str, Any] = yaml.safe_load(ast.literal_eval(node.value))
            return found
    raise AssertionError(module)


def test_the_action_group_is_the_modules_that_take_a_kubeconfig() -> None:
    group = loaded(REPOSITORY / "meta" / "runtime.yml")["action_groups"]["all"]
    modules = list((REPOSITORY / "plugins" / "modules").glob("*.py"))
    documented = {
        path.stem
        for path in modules
        if "kubernetes.core.k8s_auth_options" in documentation(path).get("extends_documentation_fragment", [])
    }
    accepting = {path.stem for path in modules if "**AUTH_ARGUMENTS" in path.read_text()}
    assert {entry for entry in group if isinstance(entry, str)} == documented == accepting


def test_every_action_plugin_has_a_module_to_document_it() -> None:
    actions = {path.stem for path in (REPOSITORY / "plugins" / "action").glob("*.py")}
    assert actions <= {path.stem for path in (REPOSITORY / "plugins" / "modules").glob("*.py")}


def test_what_is_not_shipped_is_named() -> None:
    ignored = set(loaded(REPOSITORY / "galaxy.yml")["build_ignore"])
    top = {path.relative_to(REPOSITORY).parts[0] for path in tracked()}
    hidden = {name for name in top if name.startswith(".")}
    assert ".*" in ignored
    assert top - hidden - ignored - {"galaxy.yml"} <= SHIPPED


@pytest.mark.parametrize("role", ROLES)
def test_role_defaults_and_argument_specs_know_the_same_variables(role: Path) -> None:
    specs = loaded(role / "meta" / "argument_specs.yml")["argument_specs"]
    described = {name for spec in specs.values() for name in spec["options"]}
    # `wasm_filter_state` is what the playbooks tell the role, not what people set.
    assert set(loaded(role / "defaults" / "main.yml")) == described - {"wasm_filter_state"}


@pytest.mark.parametrize("role", ROLES)
def test_role_defaults_are_those_that_are_documented(role: Path) -> None:
    defaults = loaded(role / "defaults" / "main.yml")
    for spec in loaded(role / "meta" / "argument_specs.yml")["argument_specs"].values():
        for name, option in spec["options"].items():
            default = defaults.get(name)
            if name in defaults and "{{" not in str(default):
                assert option.get("default") == default, name


def test_only_entry_points_of_localhost_are_validated() -> None:
    # Validation is a task per host, and the hosts of the other plays are the namespaces.
    validated = {role.name: set(loaded(role / "meta" / "argument_specs.yml")["argument_specs"]) for role in ROLES}
    assert validated == {"wasm_filter": {"prepare", "preflight", "status"}, "wasm_filter_build": {"main"}}


def test_no_option_of_a_role_has_a_type_at_which_ansible_would_print_the_whole_specification() -> None:
    for role in ROLES:
        for spec in loaded(role / "meta" / "argument_specs.yml")["argument_specs"].values():
            wrong = {name for name, one in spec["options"].items() if one["type"] != "raw" or "choices" in one}
            assert wrong == set()


def test_every_variable_of_the_build_role_is_checked_by_its_first_task() -> None:
    role = REPOSITORY / "roles" / "wasm_filter_build"
    checked = {item["key"] for item in loaded(role / "tasks" / "main.yml")[0]["loop"]}
    assert checked == set(loaded(role / "defaults" / "main.yml"))
