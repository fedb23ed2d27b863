# Copyright: the openclarity.wasm_filters contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What only the controller can check, then the module `preflight`, then what will leave the pods.

The command line and the files are here, and so is the plugin configuration: the schema lies in the collection, and
headers for the backend are tokens, which no module has to see.
"""

from __future__ import annotations

import contextlib
import hashlib
from pathlib import Path
from typing import Any

from ansible import context
from ansible.errors import AnsibleActionFail
from ansible.plugins.action import ActionBase
from ansible.release import __version__ as ansible_version
from ansible.utils.display import Display
from ansible_collections.openclarity.wasm_filters.plugins.module_utils.domain.errors import WasmFilterError
from ansible_collections.openclarity.wasm_filters.plugins.plugin_utils.command_line import extra_vars, versions
from ansible_collections.openclarity.wasm_filters.plugins.plugin_utils.command_line.paths import absolute
from ansible_collections.openclarity.wasm_filters.plugins.plugin_utils.report import exported_data, own_file, screen
from ansible_collections.openclarity.wasm_filters.plugins.plugin_utils.settings import configuration, warnings

RELEASED = configuration.FILTER / "dist" / "http-trace-filter.wasm"
FILES = ("result_file", "plan_file")
BECOME = (
    "become: this would run as another user, whose kubeconfig may be of another cluster; leave ansible_become and "
    "--become away (the playbooks turn them off; only -e ansible_become, or a play of your own, gets here)"
)

display = Display()


class ActionModule(ActionBase):
    """See plugins/modules/preflight.py."""

    _supports_check_mode = True

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        result = super().run(tmp, task_vars)
        arguments = dict(self._task.args)
        refused = self._controller(arguments)
        settings = arguments.pop("settings", None) or {}
        given = arguments.pop("plugin_configuration", None) or {}
        present = arguments.get("state", "present") == "present"
        ours = not given or _is_released(arguments.get("binary_path"))
        arguments["foreign"] = bool(given)
        if given:
            # The others are settings of ours; this one says where the filter stands, whatever it is.
            settings = {name: value for name, value in settings.items() if name == configuration.PLACE}
        if present:
            wrong = configuration.wrong_settings(settings)
            wrong += configuration.wrong_configuration(given, ours) if given else []
            refused += [str(error) for error in wrong]
            arguments["trace_format"] = str(configuration.trace_format(settings))
        arguments["refused"] = refused
        result.update(self._execute_module(module_args=arguments, task_vars=task_vars))
        if present and not result.get("failed"):
            wanted = given | configuration.from_settings(settings)
            chosen = (result["binary"], result.get("backend"), result.get("hosts_from"))
            leaves = exported_data.ours(wanted, *chosen) if ours else exported_data.foreign(result["binary"])
            result["plan"]["run"]["exported_data"] = leaves
            for warning in _warnings(given, settings) if ours else ():
                display.warning(warning)
            for line in exported_data.lines(leaves, self._task.check_mode, screen.columns()):
                display.display(line)
        return result

    def _controller(self, arguments: dict[str, Any]) -> list[str]:
        """Paths as they were meant, old files gone, the words of the command line in their place; what is wrong."""
        for name in ("binary_path", *FILES):
            if isinstance(arguments.get(name), str):
                arguments[name] = absolute(arguments[name])
        files = {f"wasm_filter_{name}": arguments.get(name) for name in FILES}
        errors: list[WasmFilterError] = [
            *own_file.forget({name: path for name, path in files.items() if isinstance(path, str)})
        ]
        if self._play_context.become:
            # The module would run as that user: it must not even begin.
            raise AnsibleActionFail(f"Nothing was changed. {BECOME}")
        if refused := versions.refused(ansible_version):
            raise AnsibleActionFail(f"Nothing was changed. {refused}")
        try:
            typed = context.CLIARGS.get("extra_vars", ())
            arguments["namespaces"] = extra_vars.namespaces(arguments.get("namespaces"), typed)
        except extra_vars.StrayWordsError as error:
            errors.append(error)
        return [str(error) for error in errors]


def _warnings(given: dict[str, Any], settings: dict[str, Any]) -> list[str]:
    if given:
        return warnings.of_configuration(given)
    return warnings.of_settings(configuration.from_settings(settings))


def _is_released(path: str | None) -> bool:
    """Whether it is the filter that comes with this collection: then its configuration is ours to judge."""
    with contextlib.suppress(OSError, TypeError):
        return _sha256(path) == _sha256(RELEASED)
    return False  # the module says what is wrong with the file


def _sha256(path: str | Path | None) -> str:
    return hashlib.sha256(Path(path or "").read_bytes()).hexdigest()
