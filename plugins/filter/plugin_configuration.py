# Copyright: the openclarity.wasm_filters contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The filter `plugin_configuration`; its documentation is in plugin_configuration.yml."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ansible_collections.openclarity.wasm_filters.plugins.plugin_utils.settings.configuration import completed


class FilterModule:
    """Ansible's entry point."""

    def filters(self) -> dict[str, Callable[..., dict[str, Any]]]:
        return {"plugin_configuration": completed}
