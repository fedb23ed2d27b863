# Copyright: the openclarity.wasm_filters contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Run the module `rollout`, show what it does meanwhile, and see to it that every namespace gets a verdict.

That holds for a crash (of a `run_once` task Ansible would mark the first host only) and for a run that is
stopped (the screen is then written to past ansible-playbook, which is about to end).
"""

from __future__ import annotations

import os
import signal
import tempfile
import time
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path
from typing import Any

from ansible import constants as C
from ansible.errors import AnsibleActionFail
from ansible.plugins.action import ActionBase
from ansible.utils.display import Display
from ansible_collections.openclarity.wasm_filters.plugins.module_utils.domain.outcome import (
    NamespaceVerdict,
    Outcome,
    Reason,
)
from ansible_collections.openclarity.wasm_filters.plugins.module_utils.domain.plan import Plan
from ansible_collections.openclarity.wasm_filters.plugins.module_utils.report import result_file
from ansible_collections.openclarity.wasm_filters.plugins.plugin_utils.report import diffs, plan_file
from ansible_collections.openclarity.wasm_filters.plugins.plugin_utils.report.interruption import Interruption
from ansible_collections.openclarity.wasm_filters.plugins.plugin_utils.report.live_progress import LiveProgress
from ansible_collections.openclarity.wasm_filters.plugins.plugin_utils.report.recap import recap
from ansible_collections.openclarity.wasm_filters.plugins.plugin_utils.report.screen import Screen

TOLD_MAX = 5
# A shell's exit status, less the number of the signal.
SIGNALLED = 128

display = Display()


class ActionModule(ActionBase):
    """See plugins/modules/rollout.py."""

    _supports_check_mode = True

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        result = super().run(tmp, task_vars)
        plan = _plan(self._task.args.get("plan"))
        asked = set(self._task.args.get("namespaces") or [])
        names = [target.namespace for target in plan.targets if target.namespace in asked]
        local = self._connection.transport == "local"
        arguments = {**self._task.args, "plan": (plan if local else self._sent(plan)).as_dict()}
        screen = Screen()
        # Elsewhere there is no file to read from, and no process to hand a signal to.
        interruption = Interruption(screen) if local else None
        with interruption.handled() if interruption else nullcontext():
            answer, told = self._answer(arguments, len(names), screen, interruption, task_vars or {})
            crashed = answer.get("namespaces") is None
            if crashed:
                answer = _crashed(names, answer, told, self._task.check_mode)
            if crashed or not local:
                _write(plan, answer["namespaces"])
            if self._task.check_mode:
                _complete_plan_file(plan, answer["namespaces"])
            stopped = interruption is not None and interruption.asked
            self._tell(screen, answer["namespaces"], _later(names, plan), stopped)
        result.update(answer)
        return result

    def _answer(
        self,
        arguments: dict[str, Any],
        count: int,
        screen: Screen,
        interruption: Interruption | None,
        task_vars: dict[str, Any],
    ) -> tuple[dict[str, Any], dict[str, list[str]]]:
        """What the module returned, and what each namespace told last of each of its objects."""
        descriptor, path = tempfile.mkstemp(dir=C.DEFAULT_LOCAL_TMP, suffix=".progress")
        os.close(descriptor)
        if interruption:
            arguments["progress_file"] = path
        with LiveProgress(path, count, screen, interruption) as live:
            answer = self._execute_module(module_args=arguments, task_vars=task_vars)
        Path(path).unlink(missing_ok=True)
        return answer, {name: list(last.values()) for name, last in live.told.items()}

    def _sent(self, plan: Plan) -> Plan:
        """The plan for the host that the module runs on, the binary copied to it; the result is written here."""
        options = replace(plan.options, result_file="")
        if plan.binary is None:
            return replace(plan, options=options)
        directory = self._make_tmp_path()
        remote = self._transfer_file(plan.binary.path, self._connection._shell.join_path(directory, "filter.wasm"))
        self._fixup_perms2((directory, remote))
        return replace(plan, options=options, binary=replace(plan.binary, path=remote))

    def _tell(self, screen: Screen, verdicts: list[dict[str, Any]], later: list[str], stopped: bool) -> None:
        """The recap; before it, where diffs were asked for, what several namespaces have in common."""
        common, own = diffs.split_diffs(verdicts)
        for entry in verdicts:
            # Handed to each namespace's host by the task that follows.
            entry["diff"] = own[entry["name"]]
        if self._task.diff:
            for diff in common:
                for line, color in diffs.lines(diff):
                    screen.line(line, color)
        recap(screen, verdicts, later, self._task.check_mode, whole=stopped)


def _plan(given: Any) -> Plan:
    try:
        return Plan.from_dict(given)
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise AnsibleActionFail(f"plan: must be what openclarity.wasm_filters.preflight made: {error}") from error


def _crashed(names: list[str], answer: dict[str, Any], told: dict[str, list[str]], check_mode: bool) -> dict[str, Any]:
    """A verdict for each namespace though the module gave none."""
    message = _why(answer)
    verdicts = []
    for name in names:
        before = told.get(name, [])
        more = f" and {len(before) - TOLD_MAX} more" if len(before) > TOLD_MAX else ""
        done = f"before that: {', '.join(before[:TOLD_MAX])}{more}" if before else "no change of it is known"
        changed = bool(before) and not check_mode
        verdict = NamespaceVerdict(name, Outcome.FAILED, changed, Reason.CRASHED, f"{message}; {done}")
        verdicts.append({**verdict.as_dict(), "diff": {}})
    return {"changed": any(entry["changed"] for entry in verdicts), "namespaces": verdicts}


def _why(answer: dict[str, Any]) -> str:
    """What is known of why the module gave no verdicts."""
    status = answer.get("rc") or 0
    if status > SIGNALLED:
        return f"the module was killed ({signal.strsignal(status - SIGNALLED)})"
    said = answer.get("msg") or answer.get("module_stderr") or "the module ended without a result"
    return str(said).strip()


def _write(plan: Plan, verdicts: list[dict[str, Any]]) -> None:
    try:
        result_file.write(plan, verdicts, time.time())
    except OSError as error:
        # The cluster has been changed: nobody must lose the verdicts over a file.
        display.warning(f"the result file can't be written: {error}")


def _complete_plan_file(plan: Plan, verdicts: list[dict[str, Any]]) -> None:
    """The plan's file, with what the dry run says would become of each workload."""
    clusters = {target.namespace: target.cluster for target in plan.targets}
    workloads = [
        {
            "cluster": clusters[found["name"]],
            "namespace": found["name"],
            **{key: one[key] for key in ("kind", "name", "from", "to", "pods_replaced")},
        }
        for found in verdicts
        for one in found["workloads"]
    ]
    try:
        plan_file.write(plan.options.plan_file, plan, workloads)
    except OSError as error:
        display.warning(f"the plan's file can't be written: {error}")


def _later(names: list[str], plan: Plan) -> list[str]:
    """The namespaces that come after this batch, where a play has a `serial` of its own."""
    ordered = [target.namespace for target in plan.targets]
    last = max((ordered.index(name) for name in names if name in ordered), default=len(ordered))
    return ordered[last + 1 :]
