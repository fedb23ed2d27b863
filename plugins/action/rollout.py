# Copyright: the openclarity.wasm_filters contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Run the module `rollout`, show what it does meanwhile, write the result file.

Whatever happens, each namespace of the wave gets a verdict: a crash of a `run_once` task would
otherwise mark only the first host as failed.
"""

from __future__ import annotations

import os
import tempfile
import time
from typing import Any

from ansible import constants as C
from ansible.plugins.action import ActionBase
from ansible.utils.display import Display
from ansible_collections.openclarity.wasm_filters.plugins.module_utils.domain import outcome
from ansible_collections.openclarity.wasm_filters.plugins.plugin_utils.report.live_progress import LiveProgress, recap
from ansible_collections.openclarity.wasm_filters.plugins.plugin_utils.report.result_file import ResultFile

display = Display()


class ActionModule(ActionBase):
    """See plugins/modules/rollout.py."""

    _supports_check_mode = True

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        result = super().run(tmp, task_vars)
        task_vars = task_vars or {}
        arguments = dict(self._task.args)
        local = self._connection.transport == "local"
        if not local and arguments.get("binary_path"):
            arguments["binary_path"] = self._sent(arguments["binary_path"])
        started = time.time()
        with tempfile.NamedTemporaryFile(dir=C.DEFAULT_LOCAL_TMP, suffix=".progress") as progress_file:
            if local:
                # Where the module runs elsewhere there is no file to read from.
                arguments["progress_file"] = progress_file.name
            with LiveProgress(progress_file.name, len(arguments["namespaces"])):
                answer = self._execute_module(module_args=arguments, task_vars=task_vars)
        if answer.get("namespaces") is None:
            answer = self._crashed(arguments["namespaces"], answer)
        self._write_result(arguments, answer["namespaces"], task_vars, started)
        recap(answer["namespaces"], _not_started(arguments["namespaces"], task_vars), check_mode=self._task.check_mode)
        # Diffs are handed to each namespace's host; here they would be printed once more.
        result.update(answer)
        return result

    def _sent(self, path: str) -> str:
        """Copy the binary to the host that the module runs on."""
        directory = self._make_tmp_path()
        remote: str = self._transfer_file(path, self._connection._shell.join_path(directory, "filter.wasm"))
        self._fixup_perms2((directory, remote))
        return remote

    def _crashed(self, namespaces: list[str], answer: dict[str, Any]) -> dict[str, Any]:
        message = answer.get("msg") or answer.get("module_stderr") or "the module ended without a result"
        failed = [
            outcome.NamespaceVerdict(name, outcome.FAILED, False, outcome.CRASHED, str(message)).as_dict()
            for name in namespaces
        ]
        return {"changed": False, "namespaces": failed}

    def _write_result(
        self, arguments: dict[str, Any], verdicts: list[dict[str, Any]], task_vars: dict[str, Any], started: float
    ) -> None:
        """Add this wave to the result file."""
        wanted = _wanted(task_vars)
        cluster = task_vars.get("wasm_filter_cluster", "cluster")
        run = {"id": str(os.getppid()), "started": started, **(arguments.get("run") or {})}
        name = arguments.get("filter_name", "trace")
        try:
            ResultFile(arguments.get("result_file"), run, name).add_wave(cluster, verdicts, wanted, time.time())
        except OSError as error:
            # The cluster has been changed: nobody must lose the verdicts over a file.
            display.warning(f"the result file can't be written: {error}")


def _wanted(task_vars: dict[str, Any]) -> list[tuple[str, str]]:
    """(cluster, namespace) of every host of the play, in the order of its waves."""
    hostvars = task_vars.get("hostvars") or {}
    return [
        (hostvars[host].get("wasm_filter_cluster", "cluster"), hostvars[host]["wasm_filter_namespace"])
        for host in task_vars.get("ansible_play_hosts_all") or []
        if host in hostvars and "wasm_filter_namespace" in hostvars[host]
    ]


def _not_started(wave: list[str], task_vars: dict[str, Any]) -> list[str]:
    """The namespaces that come after this wave."""
    wanted = _wanted(task_vars)
    own = task_vars.get("wasm_filter_cluster", "cluster")
    last = max((wanted.index((own, name)) for name in wave if (own, name) in wanted), default=len(wanted))
    return [name for _cluster, name in wanted[last + 1 :]]
