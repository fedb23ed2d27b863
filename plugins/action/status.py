# Copyright: the openclarity.wasm_filters contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Run the module `status`, show what it found, and write the file of it."""

from __future__ import annotations

import time
from typing import Any

from ansible import context
from ansible.plugins.action import ActionBase
from ansible.utils.display import Display
from ansible_collections.openclarity.wasm_filters.plugins.module_utils.domain.errors import WasmFilterError
from ansible_collections.openclarity.wasm_filters.plugins.plugin_utils.command_line import extra_vars
from ansible_collections.openclarity.wasm_filters.plugins.plugin_utils.command_line.paths import absolute
from ansible_collections.openclarity.wasm_filters.plugins.plugin_utils.report import own_file, screen
from ansible_collections.openclarity.wasm_filters.plugins.plugin_utils.report.status_lines import lines

VERSION = 1
FILE_MODE = 0o644
VARIABLE = "wasm_filter_status_file"

display = Display()


class ActionModule(ActionBase):
    """See plugins/modules/status.py."""

    _supports_check_mode = True

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        result = super().run(tmp, task_vars)
        arguments = dict(self._task.args)
        path = arguments.get("status_file")
        path = absolute(path) if isinstance(path, str) and path else ""
        arguments["refused"] = self._refused(arguments, path)
        result.update(self._execute_module(module_args=arguments, task_vars=task_vars))
        if "namespaces" in result and not result.get("failed"):
            _show(result["namespaces"])
            _write(path, arguments.get("filter_name") or "", result)
        return result

    def _refused(self, arguments: dict[str, Any], path: str) -> list[str]:
        """What only the controller can tell is wrong; the words of the command line are put in their place."""
        errors: list[WasmFilterError] = [*own_file.forget({VARIABLE: path})]
        try:
            typed = context.CLIARGS.get("extra_vars", ())
            arguments["namespaces"] = extra_vars.namespaces(arguments.get("namespaces") or [], typed)
        except extra_vars.StrayWordsError as error:
            errors.append(error)
        return [str(error) for error in errors]


def _show(namespaces: list[dict[str, Any]]) -> None:
    paper = screen.Screen()
    for text, color in lines(namespaces, screen.columns() if paper.live else 0):
        paper.line(text, color)


def _write(path: str, filter_name: str, result: dict[str, Any]) -> None:
    if not path:
        return
    content = {
        "version": VERSION,
        "filter": filter_name,
        "time": round(time.time(), 1),
        "drifted": result["drifted"],
        "counts": result["counts"],
        "clusters": [{"alias": result["cluster"], "namespaces": result["namespaces"]}],
    }
    try:
        own_file.write(path, content, FILE_MODE)
    except OSError as error:
        result.update(failed=True, msg=f"{VARIABLE}={path!r}: can't be written: {error.strerror}")
