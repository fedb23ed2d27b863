# SPDX-License-Identifier: Apache-2.0
"""Stands in for the run of a module by its action plugin."""

from __future__ import annotations

from typing import Any


class ModuleCall:
    """Before an action plugin in the order of bases: notes what the module would get."""

    outcome: dict[str, Any]
    sent: dict[str, Any]

    def _execute_module(self, **arguments: Any) -> dict[str, Any]:
        self.sent = arguments["module_args"]
        return self.outcome
