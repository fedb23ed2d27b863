# SPDX-License-Identifier: Apache-2.0
"""What a new contributor meets first: that it fits, leads somewhere, and is what CI does."""

from __future__ import annotations

import json
import os
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.unit.objects import REPOSITORY

FORMS = sorted((REPOSITORY / ".github" / "ISSUE_TEMPLATE").glob("*.yml"))
ELEMENTS = {"markdown", "textarea", "input", "dropdown", "checkboxes"}


def loaded(name: str) -> Any:
    return yaml.safe_load((REPOSITORY / name).read_text())


def test_the_list_of_targets_fits_a_small_terminal() -> None:
    # As somebody types it: within `make test` make would say more.
    typed = {name: value for name, value in os.environ.items() if name not in ("MAKEFLAGS", "MAKELEVEL", "MFLAGS")}
    command = ["make", "help"]
    said = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, check=True, env=typed).stdout
    lines = said.splitlines()
    assert len(lines) <= 24
    assert [line for line in lines if len(line) > 80] == []
    listed = {line.split()[0] for line in lines[:-1]}
    phony = re.search(r"^\.PHONY: (.*)$", (REPOSITORY / "Makefile").read_text(), re.MULTILINE)
    assert phony and listed == set(phony[1].split())


def test_the_workflow_does_what_ci_does() -> None:
    workflow = loaded(".github/workflows/ci.yml")
    # YAML 1.1 reads the key `on` as a truth value.
    assert set(workflow[True]) == {"push", "pull_request"}
    assert workflow["permissions"] == {"contents": "read"}
    (job,) = workflow["jobs"].values()
    assert [step["run"] for step in job["steps"] if "run" in step][-1] == ".ci/run"
    assert all("uses" in step or "run" in step for step in job["steps"])
    assert all(re.fullmatch(r"[\w./-]+@v\d+", step["uses"]) for step in job["steps"] if "uses" in step)
    assert (REPOSITORY / ".ci" / "run").stat().st_mode & 0o100


def test_every_hook_is_one_of_cis_checks_with_the_tools_of_this_checkout() -> None:
    (source,) = loaded(".pre-commit-config.yaml")["repos"]
    assert source["repo"] == "local"
    for hook in source["hooks"]:
        assert hook["language"] == "system"
        program, *arguments = hook["entry"].split()
        if program == "tests/checks/run.sh":
            assert all((REPOSITORY / "tests" / "checks" / f"{name}.sh").is_file() for name in arguments), hook
        else:
            assert program.startswith(".venv/bin/"), hook
            assert all((REPOSITORY / name).exists() for name in arguments if name.endswith(".py")), hook


@pytest.mark.parametrize("path", [path for path in FORMS if path.stem != "config"], ids=lambda path: str(path.stem))
def test_an_issue_form_is_one_that_github_takes(path: Path) -> None:
    """As its page on the syntax of issue forms has it."""
    form = yaml.safe_load(path.read_text())
    assert all(form.get(key) for key in ("name", "description", "body"))
    assert {element["type"] for element in form["body"]} <= ELEMENTS
    asked = [element for element in form["body"] if element["type"] != "markdown"]
    assert len({element["id"] for element in asked}) == len(asked) > 0
    assert all(element["attributes"]["label"] for element in asked)


def test_the_dev_container_is_json_and_has_what_the_readme_asks_for() -> None:
    container = json.loads((REPOSITORY / ".devcontainer" / "devcontainer.json").read_text())
    image = (REPOSITORY / ".devcontainer" / container["build"]["dockerfile"]).read_text()
    assert "uidmap" in image and "make" in image
    assert container["postCreateCommand"] == "make setup"


@pytest.mark.parametrize("name", ["CONTRIBUTING.md", "SECURITY.md", "RELEASE.md"])
def test_what_a_page_names_is_there(name: str) -> None:
    text = (REPOSITORY / name).read_text()
    links = {link for link in re.findall(r"\]\(([^)#]+)", text) if "://" not in link}
    paths = {path for path in re.findall(r"`([\w./-]+/[\w./-]*)`", text) if not path.startswith("filter/zig")}
    missing = [path for path in links | paths if not (REPOSITORY / path).exists()]
    assert missing == []
    targets = re.findall(r"(?:`|^    )make ([a-z_-]+)", text, re.MULTILINE)
    makefile = (REPOSITORY / "Makefile").read_text()
    assert [target for target in targets if f"\n{target}:" not in makefile] == []


def test_owners_are_of_paths_that_exist() -> None:
    for line in (REPOSITORY / ".github" / "CODEOWNERS").read_text().splitlines():
        if line and not line.startswith("#"):
            pattern, *owners = line.split()
            assert owners and all(owner.startswith("@") for owner in owners)
            assert pattern == "*" or (REPOSITORY / pattern.strip("/")).exists(), pattern
