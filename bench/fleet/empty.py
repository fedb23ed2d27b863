# SPDX-License-Identifier: Apache-2.0
"""The collection with empty modules: playbooks, roles, variables and filters are the real ones, so that what is left is
Ansible's own part of a run. Where ours runs a Python process it does, and where ours runs none it does not."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import yaml

from testbed.paths import CHECKOUT

KEPT = ("ansible.cfg", "filter", "galaxy.yml", "meta", "playbooks", "roles")
KEPT_PLUGINS = ("doc_fragments", "filter", "module_utils", "plugin_utils")
MODULE = """#!/usr/bin/python
import json
from ansible.module_utils.basic import AnsibleModule
module = AnsibleModule(argument_spec=dict.fromkeys({arguments!r}, dict(type="raw")), supports_check_mode=True)
found = json.loads({found!r})
{more}
module.exit_json(changed=False, **found)
"""
ACTION = """import json
from ansible.plugins.action import ActionBase
class ActionModule(ActionBase):
    _requires_connection = False
    def run(self, tmp=None, task_vars=None):
        return dict(super().run(tmp, task_vars), changed=False, **json.loads({found!r}))
"""
CLUSTER = "empty"
PREFLIGHT: dict[str, Any] = {
    "cluster": CLUSTER,
    "plan": {},
    "binary": {"sha256": "0" * 64, "size": 0, "capabilities": []},
    "backend": {
        "cluster": "outbound|443||kubernetes.default.svc.cluster.local",
        "authority": "kubernetes.default.svc.cluster.local:443",
        "kind": "service",
        "added": [],
    },
}
NAMESPACES = 'found["namespaces"] = module.params["namespaces"].split(",")'


def write(folder: Path) -> Path:
    """The collection below a folder; returns it."""
    root = folder / "ansible_collections" / "openclarity" / "wasm_filters"
    plugins = root / "plugins"
    for made in ("modules", "action"):
        (plugins / made).mkdir(parents=True)
    for name in KEPT:
        (root / name).symlink_to(CHECKOUT / name)
    for name in KEPT_PLUGINS:
        (plugins / name).symlink_to(CHECKOUT / "plugins" / name)
    arguments = _arguments()
    _module(plugins, "preflight", arguments["preflight"], PREFLIGHT, NAMESPACES)
    _module(plugins, "rollout", arguments["rollout"], {"cluster": CLUSTER, "namespaces": []})
    answers: dict[str, dict[str, Any]] = {"plan": {"plan": {}}, "verdict": {}}
    for name, found in answers.items():
        _module(plugins, name, arguments[name], {})
        (plugins / "action" / f"{name}.py").write_text(ACTION.format(found=json.dumps(found)))
    return root


def _arguments() -> dict[str, list[str]]:
    """What the role gives to each module."""
    found: dict[str, list[str]] = {}
    for name in ("preflight", "deploy"):
        for task in yaml.safe_load((CHECKOUT / "roles" / "wasm_filter" / "tasks" / f"{name}.yml").read_text()):
            for key, given in task.items():
                if key.startswith("openclarity.wasm_filters."):
                    found[key.rpartition(".")[2]] = list(given)
    return found


def _module(plugins: Path, name: str, arguments: list[str], found: dict[str, Any], more: str = "") -> None:
    content = MODULE.format(arguments=arguments, found=json.dumps(found), more=more)
    (plugins / "modules" / f"{name}.py").write_text(content)
