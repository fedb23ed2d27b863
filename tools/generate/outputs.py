# SPDX-License-Identifier: Apache-2.0
"""Every file with generated text in it, as it has to be."""

from __future__ import annotations

from pathlib import Path

from tools.generate import readme, role, zig
from tools.generate.blocks import replaced

ROOT = Path(__file__).parents[2]
ROLE = "roles/wasm_filter"
SPECIFICATION = f"{ROLE}/meta/argument_specs.yml"


def outputs() -> dict[str, str]:
    """By path, from the root of the repository."""
    found = {
        f"{ROLE}/defaults/main.yml": _with(f"{ROLE}/defaults/main.yml", settings=role.defaults()),
        f"{ROLE}/vars/main.yml": _with(f"{ROLE}/vars/main.yml", settings=role.handed_over(), checked=role.checked()),
        SPECIFICATION: _with(SPECIFICATION, settings=role.options()),
        "filter/src/config/settings.zig": zig.source(),
        "README.md": _with("README.md", variables=readme.of_variables()),
        "filter/README.md": _with("filter/README.md", settings=readme.of_settings()),
    }
    others = readme.of_others(found[SPECIFICATION])
    return found | {f"{ROLE}/README.md": _with(f"{ROLE}/README.md", others=others, mapping=readme.of_mapping())}


def _with(path: str, **blocks: str) -> str:
    text = (ROOT / path).read_text()
    for name, block in blocks.items():
        text = replaced(text, name, block)
    return text
