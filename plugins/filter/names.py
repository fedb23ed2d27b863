# Copyright: the openclarity.wasm_filters contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The filter `names`; its documentation is in names.yml."""

from __future__ import annotations

from collections.abc import Callable

from ansible_collections.openclarity.wasm_filters.plugins.module_utils.deliveries.release import (
    BINARY_KEY,
    inline_reference,
)
from ansible_collections.openclarity.wasm_filters.plugins.module_utils.domain.names import FilterNames
from ansible_collections.openclarity.wasm_filters.plugins.module_utils.domain.revision import UNKNOWN


def of_filter(name: str, wasm_sha256: str = "") -> dict[str, str]:
    """See names.yml."""
    names = FilterNames(str(name))
    return {
        "slot": names.extension,
        "pod_label": names.pod_label,
        "file": f"{names.mount_path}/{BINARY_KEY}",
        "inline_bytes": inline_reference(wasm_sha256),
        "revision_unknown": UNKNOWN,
    }


class FilterModule:
    """Ansible's entry point."""

    def filters(self) -> dict[str, Callable[..., dict[str, str]]]:
        return {"names": of_filter}
