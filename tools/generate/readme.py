# SPDX-License-Identifier: Apache-2.0
"""The tables of the READMEs."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from typing import Any

import yaml
from ansible_collections.openclarity.wasm_filters.plugins.plugin_utils.settings import declaration, explanations
from ansible_collections.openclarity.wasm_filters.plugins.plugin_utils.settings.declaration import Setting

from tools.generate.variables import Variable, listed, sentence, variables


def of_variables() -> str:
    """README.md: what can be set."""
    rows = ([f"`{one.name}`", _default(one), one.in_short] for one in variables())
    return _table(["variable", "default", ""], rows)


def of_mapping() -> str:
    """roles/wasm_filter/README.md: which variable is which setting."""
    rows = []
    for setting in declaration.settings():
        names = [setting.variable] if setting.variable else list(setting.schema.get("x-computed-from", ()))
        if names:
            rows.append([f"`{setting.name}`", ", ".join(f"`{name}`" for name in names)])
    return _table(["setting", "variable"], rows)


def of_others(specification: str) -> str:
    """roles/wasm_filter/README.md: the variables that are no settings, as the role's own specification has them."""
    options = yaml.safe_load(specification)["argument_specs"]["prepare"]["options"]
    declared = {one.name for one in variables()}
    rows = []
    for name, option in options.items():
        if name not in declared:
            told = option["description"]
            text = told if isinstance(told, str) else " ".join(told)
            rows.append([f"`{name}`", _code(option.get("default")), re.sub(r"\b[CEV]\(([^)]*)\)", r"`\1`", text)])
    return _table(["variable", "default", ""], rows)


def of_settings() -> str:
    """filter/README.md: what the filter takes."""
    return _table(["setting", "default", ""], (_row(one) for one in declaration.settings()))


def _row(setting: Setting) -> list[str]:
    takes = "" if "enum" in setting.schema else f" {sentence(explanations.in_short(setting.schema))}"
    only = f" For the formats {listed(setting.formats, 'and')}." if setting.formats else ""
    if setting.by_format:
        values = dict.fromkeys(setting.by_format.values())
        default = ", ".join(f"`{value}`" for value in values) + " by format"
    else:
        default = _code(setting.schema.get("default"))
    return [f"`{setting.name}`", default, f"{setting.schema['description']}{only}{takes}"]


def _default(one: Variable) -> str:
    if one.by_format:
        return "; ".join(one.grouped())
    own = _code(one.default)
    return ", ".join(part for part in (f"`{one.environment}`" if one.environment else "", own) if part)


def _code(value: Any) -> str:
    if value is None or value == "":
        return ""
    if isinstance(value, list) and value:
        return ", ".join(f"`{item}`" for item in value)
    return f"`{value}`" if isinstance(value, str) else f"`{json.dumps(value)}`"


def _table(head: list[str], rows: Iterable[list[str]]) -> str:
    return _line(head) + "|" + "---|" * len(head) + "\n" + "".join(_line(row) for row in rows)


def _line(cells: list[str]) -> str:
    return "|" + "".join(f" {cell} |" if cell else " |" for cell in (one.replace("|", "\\|") for one in cells)) + "\n"
