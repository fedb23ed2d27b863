# SPDX-License-Identifier: Apache-2.0
"""The blocks of the role's YAML files."""

from __future__ import annotations

import re
import textwrap
from typing import Any

import yaml
from ansible_collections.openclarity.wasm_filters.plugins.module_utils.planning.role_variables import RULES
from ansible_collections.openclarity.wasm_filters.plugins.plugin_utils.settings import declaration

from tools.generate.variables import Variable, variables

COLUMNS = 130
# PyYAML breaks a line behind the word that is too much.
TEXT_COLUMNS = 95
# Lists that are longer have a line for each item.
FLOW_MAX = 100


def defaults() -> str:
    """roles/wasm_filter/defaults/main.yml."""
    return "".join(_default(one) for one in variables())


def handed_over() -> str:
    """Of roles/wasm_filter/vars/main.yml: the variables that are settings."""
    return "wasm_filter_settings:\n" + "".join(_itself(name) for name in declaration.by_variable())


def checked() -> str:
    """Of roles/wasm_filter/vars/main.yml: the others that have a rule."""
    return "wasm_filter_checked_variables:\n" + "".join(_itself(name) for name in RULES)


def options() -> str:
    """Of roles/wasm_filter/meta/argument_specs.yml. All are raw: at a wrong type Ansible prints the whole file."""
    return "".join(textwrap.indent(_option(one), " " * 6) for one in variables())


def _itself(name: str) -> str:
    return f'  {name}: "{{{{ {name} }}}}"\n'


def _default(one: Variable) -> str:
    if one.by_format:
        values = ", ".join(f"'{form}': '{value}'" for form, value in one.by_format.items())
        first = next(iter(one.by_format.values()))
        chosen = f"{{{{ {{{values}}}.get(wasm_filter_trace_format ~ '', '{first}') }}}}"
        lines = textwrap.wrap(chosen, COLUMNS, break_long_words=False, break_on_hyphens=False)
        return f"{one.name}: >-\n" + "".join(f"  {line}\n" for line in lines)
    if one.environment:
        given = f"lookup('ansible.builtin.env', '{one.environment}')"
        other = "" if one.default == "" else f" | default({str(one.default).lower()}, true)"
        return f'{one.name}: "{{{{ {given}{other} }}}}"\n'
    return _entry(one.name, one.default)


def _entry(name: str, value: Any) -> str:
    if value == "":
        return f'{name}: ""\n'
    if not isinstance(value, list):
        flow: str = yaml.safe_dump(value, default_flow_style=True)
        return f"{name}: {flow.removesuffix(chr(10) + '...' + chr(10)).rstrip()}\n"
    items = [_quoted(item) for item in value]
    line = f"{name}: [{', '.join(items)}]\n"
    return line if len(line) <= FLOW_MAX else f"{name}:\n" + "".join(f"  - {item}\n" for item in items)


def _quoted(item: str) -> str:
    """To YAML a * at the beginning is an alias."""
    return item if item[0].isalnum() else f'"{item}"'


def _option(one: Variable) -> str:
    sentences = [_marked_up(sentence, one.choices) for sentence in one.sentences]
    if one.environment:
        sentences.append(f"The environment variable E({one.environment}) is its default.")
    told = yaml.safe_dump({"description": " ".join(sentences)}, width=TEXT_COLUMNS, allow_unicode=True)
    lines = f"{one.name}:\n{textwrap.indent(told, '  ')}  type: raw\n"
    fixed = not one.by_format and not (one.environment and one.default == "")
    return lines + (textwrap.indent(_entry("default", one.default), "  ") if fixed else "")


def _marked_up(text: str, choices: tuple[str, ...]) -> str:
    """Ansible's own marks in the place of backticks."""
    return re.sub(r"`([^`]*)`", lambda code: f"{'V' if code[1] in choices else 'C'}({code[1]})", text)
