# Copyright: the openclarity.wasm_filters contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Complete the plan by what the templates made of it, and write it to a file where that is asked for."""

from __future__ import annotations

from typing import Any

from ansible.errors import AnsibleActionFail
from ansible.plugins.action import ActionBase
from ansible_collections.openclarity.wasm_filters.plugins.module_utils.domain.plan import Plan
from ansible_collections.openclarity.wasm_filters.plugins.module_utils.planning import planner
from ansible_collections.openclarity.wasm_filters.plugins.plugin_utils.report import plan_file


class ActionModule(ActionBase):
    """See plugins/modules/plan.py."""

    _supports_check_mode = True
    _requires_connection = False

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        result = super().run(tmp, task_vars)
        # Headers for the backend are tokens. Not by the task's no_log: that would hide what is wrong with a template.
        result["_ansible_no_log"] = True
        _valid, arguments = self.validate_argument_spec(
            {
                "draft": {"type": "dict", "required": True},
                "revision": {"type": "str", "default": ""},
                "envoy_filter_spec": {"type": "dict", "default": {}},
            }
        )
        try:
            draft = Plan.from_dict(arguments["draft"])
            plan = planner.complete(draft, arguments["revision"], arguments["envoy_filter_spec"])
        except (ValueError, KeyError, TypeError) as error:
            raise AnsibleActionFail(
                f"draft: must be what openclarity.wasm_filters.preflight returned ({error})"
            ) from None
        try:
            plan_file.write(plan.options.plan_file, plan)
        except OSError as error:
            raise AnsibleActionFail(
                f"wasm_filter_plan_file={plan.options.plan_file!r}: can't be written: {error}"
            ) from None
        result.update(changed=False, plan=plan.as_dict())
        return result
