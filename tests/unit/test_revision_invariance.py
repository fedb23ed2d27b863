# SPDX-License-Identifier: Apache-2.0
"""The revisions of recorded inputs: the same filter with the same settings is the same revision, whatever is new.

A default that has changed since is given as it was.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.unit.objects import REPOSITORY
from tests.upgrade.states import DEFAULTS_THEN

ROLE = REPOSITORY / "roles" / "wasm_filter"
RECORDED = Path(__file__).parent / "fixtures" / "revisions"
CASES: list[dict[str, Any]] = yaml.safe_load((RECORDED / "cases.yml").read_text())
BINARY = {"sha256": "ab" * 32, "size": 5, "capabilities": ["proxy_on_done", "proxy_log"]}
SERVICE = {
    "cluster": "outbound|9000||collector.traces.svc.cluster.local",
    "authority": "collector.traces.svc.cluster.local:9000",
    "kind": "service",
    "added": [],
}
REVISION = (
    "{{ lookup('ansible.builtin.template', template) | from_yaml"
    " | openclarity.wasm_filters.revision(wasm_filter_preflight.binary.sha256, wasm_filter_configuration) }}"
)


def task(case: dict[str, Any], template: Path, shown: str = REVISION) -> dict[str, Any]:
    """A task's variables stand above those of the role, as -e does."""
    facts = {"binary": BINARY, "backend": case.get("backend", SERVICE)}
    if "hosts" in case:
        facts["hosts_from"] = case["hosts"]
    unknown = {"wasm_filter_revision": "{{ wasm_filter_revision_unknown }}", "template": str(template)}
    return {
        "ansible.builtin.debug": {"msg": shown},
        "vars": {**DEFAULTS_THEN, **case["variables"], **unknown, "wasm_filter_preflight": facts},
    }


def revisions(template: Path, playbook: Path) -> list[str]:
    output = played([task(case, template) for case in CASES], playbook)
    return re.findall(r'"msg": "([0-9a-f]{10})"', output)


def played(tasks: list[dict[str, Any]], playbook: Path) -> str:
    play = {
        "hosts": "localhost",
        "connection": "local",
        "gather_facts": False,
        "vars_files": [str(ROLE / "defaults" / "main.yml"), str(ROLE / "vars" / "main.yml")],
        "tasks": tasks,
    }
    playbook.write_text(json.dumps([play]))
    # The defaults of the role read some of the environment.
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("WASM_FILTER_", "TRACE_"))}
    done = subprocess.run(
        [Path(sys.executable).with_name("ansible-playbook"), "-i", "localhost,", playbook],
        cwd=REPOSITORY,
        env=environment,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.mark.parametrize("template", [ROLE / "templates" / "envoy_filter.yml.j2", RECORDED / "users_own.yml.j2"])
def test_the_same_inputs_have_the_revision_that_they_had(template: Path, tmp_path: Path) -> None:
    assert revisions(template, tmp_path / "playbook.yml") == [case["revision"] for case in CASES]


def test_capabilities_are_restricted_unless_that_is_left_out(tmp_path: Path) -> None:
    spec = (
        "{{ (lookup('ansible.builtin.template', template) | from_yaml).configPatches"
        " | map(attribute='patch.value.typed_config.config', default={}) | map('list') | flatten | sort | to_json }}"
    )
    template = ROLE / "templates" / "envoy_filter.yml.j2"
    cases: list[dict[str, Any]] = [{"variables": {}}, {"variables": {"wasm_filter_restrict_capabilities": "no"}}]
    shown = re.findall(r'"msg": (.*)', played([task(case, template, spec) for case in cases], tmp_path / "play.yml"))
    restricted, free = (sorted(re.findall(r"\w+", one)) for one in shown)
    # For proxies before and since Istio 1.25.
    assert restricted == sorted([*free, *["capability_restriction_config"] * 2]) and "vm_config" in free
