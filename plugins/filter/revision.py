# Copyright: the openclarity.wasm_filters contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The filter `revision`; its documentation is in revision.yml."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ansible_collections.openclarity.wasm_filters.plugins.module_utils.domain.revision import revision


def from_spec(envoy_filter_spec: Any, wasm_sha256: str, configuration: Any) -> str:
    """See revision.yml."""
    return revision(wasm_sha256, configuration, envoy_filter_spec)


class FilterModule:
    """Ansible's entry point."""

    def filters(self) -> dict[str, Callable[..., str]]:
        return {"revision": from_spec}
