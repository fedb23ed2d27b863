# Copyright: the openclarity.wasm_filters contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Hand a namespace's host its own verdict. Opens no connection and runs no module."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ansible.errors import AnsibleActionFail
from ansible.plugins.action import ActionBase
from ansible_collections.openclarity.wasm_filters.plugins.module_utils.domain.outcome import FAILURES, Outcome

NOT_PLANNED = "not one of this plan's namespaces: an earlier play has added this host; left alone"


class ActionModule(ActionBase):
    """See plugins/modules/verdict.py."""

    _supports_check_mode = True
    _requires_connection = False

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        result = super().run(tmp, task_vars)
        _valid, arguments = self.validate_argument_spec(
            {name: {"type": "str", "required": True} for name in ("rollout", "cluster", "namespace")}
        )
        rollout = (task_vars or {}).get(arguments["rollout"])
        if not isinstance(rollout, dict) or "namespaces" not in rollout:
            raise AnsibleActionFail(
                f"rollout={arguments['rollout']!r}: must name what openclarity.wasm_filters.rollout registered"
            )
        own = _own(rollout, arguments["cluster"], arguments["namespace"])
        if own is None:
            result.update(changed=False, skipped=True, msg=NOT_PLANNED)
            return result
        result.update(changed=own["changed"], verdict=own["verdict"], reason=own["reason"], msg=own["message"])
        result["failed"] = own["verdict"] in _failing(rollout)
        if not result["failed"] and own["verdict"] in (Outcome.SKIPPED, Outcome.NOT_STARTED):
            # Only then: a mere `False` would make Ansible leave out changed_when and failed_when.
            result["skipped"] = True
        changes = own.get("diff") or {}
        if self._task.diff and (changes.get("before") or changes.get("after")):
            header = f"namespace {own['name']}"
            result["diff"] = {"before_header": header, "after_header": header, **changes}
        return result


def _own(rollout: Mapping[str, Any], cluster: str, namespace: str) -> dict[str, Any] | None:
    """None: the namespace is not the plan's. One of its own always has a verdict."""
    if rollout.get("cluster", cluster) != cluster:
        return None
    return next((entry for entry in rollout["namespaces"] if entry["name"] == namespace), None)


def _failing(rollout: Mapping[str, Any]) -> set[str]:
    """The verdicts that make a host fail. What was not started does so if nothing else says that the run failed."""
    failed = any(entry["verdict"] in FAILURES for entry in rollout["namespaces"])
    failures = {one.value for one in FAILURES}
    return failures if failed else {*failures, Outcome.NOT_STARTED.value}
