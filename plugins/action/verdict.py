# Copyright: the openclarity.wasm_filters contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Hand a namespace's host its own verdict. Opens no connection and runs no module."""

from __future__ import annotations

from typing import Any

from ansible.errors import AnsibleActionFail
from ansible.plugins.action import ActionBase
from ansible_collections.openclarity.wasm_filters.plugins.module_utils.domain import outcome


class ActionModule(ActionBase):
    """See plugins/modules/verdict.py."""

    _supports_check_mode = True
    _requires_connection = False

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        result = super().run(tmp, task_vars)
        _valid, arguments = self.validate_argument_spec(
            {"wave": {"type": "str", "required": True}, "namespace": {"type": "str", "required": True}}
        )
        wave = (task_vars or {}).get(arguments["wave"])
        if not isinstance(wave, dict) or "namespaces" not in wave:
            raise AnsibleActionFail(
                f"wave={arguments['wave']!r}: must name what openclarity.wasm_filters.rollout registered"
            )
        own = next((entry for entry in wave["namespaces"] if entry["name"] == arguments["namespace"]), None)
        if own is None:
            raise AnsibleActionFail(f"namespace={arguments['namespace']!r}: the wave has no verdict on it")
        result.update(changed=own["changed"], verdict=own["verdict"], reason=own["reason"], msg=own["message"])
        result["failed"] = own["verdict"] == outcome.FAILED
        if own["verdict"] == outcome.SKIPPED:
            # Only then: a mere `False` would make Ansible leave out changed_when and failed_when.
            result["skipped"] = True
        changes = own.get("diff") or {}
        if self._task.diff and (changes.get("before") or changes.get("after")):
            header = f"namespace {own['name']}"
            result["diff"] = {"before_header": header, "after_header": header, **changes}
        return result
