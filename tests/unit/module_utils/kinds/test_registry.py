# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from pathlib import Path

from ansible_collections.openclarity.wasm_filters.plugins.module_utils.kinds import registry

NO_KINDS = {"__init__", "base", "registry"}


def test_each_kind_has_one_file_and_one_entry() -> None:
    files = {path.stem for path in Path(registry.__file__).parent.glob("*.py")} - NO_KINDS
    assert {kind.kind.lower() for kind in registry.KINDS} == {file.replace("_", "") for file in files}
    assert len(registry.KINDS) == len(files)
