# SPDX-License-Identifier: Apache-2.0
"""The role's variables that the schema declares, as the role's files and the READMEs tell them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from ansible_collections.openclarity.wasm_filters.plugins.plugin_utils.settings import declaration, explanations
from ansible_collections.openclarity.wasm_filters.plugins.plugin_utils.settings.declaration import Setting


@dataclass(frozen=True)
class Variable:
    name: str
    # Text with `code` in it.
    description: str
    # What it takes, where the description does not say: "A whole number from 1 to 60000."
    takes: str
    default: Any
    by_format: dict[str, str]
    environment: str = ""
    choices: tuple[str, ...] = ()
    formats: tuple[str, ...] = ()

    @property
    def sentences(self) -> list[str]:
        """All that is to be said."""
        told = re.split(r"(?<=\.) (?=[A-Z`])", self.description)
        if self.formats:
            told.append(f"For the formats {listed(self.formats, 'and')} only.")
        if self.by_format:
            told.append(f"By default {', '.join(self.grouped())}.")
        if self.takes:
            told.append(self.takes)
        return told

    @property
    def in_short(self) -> str:
        """Without what stands beside it in a table, and without what goes without saying."""
        return " ".join(one for one in self.sentences if not one.startswith(("By default", "Text of")))

    def grouped(self) -> list[str]:
        """Such as "`on` for `publish` and `apiclarity`"."""
        values = dict.fromkeys(self.by_format.values())
        return [
            f"`{value}` for {listed([form for form, one in self.by_format.items() if one == value], 'and')}"
            for value in values
        ]


def listed(words: Any, last: str) -> str:
    """`a`, `b` and `c`."""
    quoted = [f"`{word}`" for word in words]
    return f" {last} ".join([", ".join(quoted[:-1]), quoted[-1]] if len(quoted) > 1 else quoted)


def variables() -> Iterator[Variable]:
    """In the schema's order."""
    for setting in declaration.settings():
        for name, declared in setting.schema.get("x-computed-from", {}).items():
            yield _deciding(name, declared)
        if setting.variable:
            yield _setting(setting.variable, setting)


def sentence(words: str) -> str:
    return f"{words[0].upper()}{words[1:]}."


def _setting(name: str, setting: Setting) -> Variable:
    schema = setting.schema
    choices = tuple(schema.get("enum", ()))
    default = schema.get("x-default", schema.get("default"))
    return Variable(
        name,
        schema["description"],
        _takes(schema["description"], choices) if choices else sentence(_right(setting)),
        dict(default or {}) if "x-map" in schema else default,
        dict(setting.by_format),
        schema.get("x-environment", ""),
        choices,
        setting.formats,
    )


def _right(setting: Setting) -> str:
    return explanations.right_value(setting) if "x-map" in setting.schema else explanations.in_short(setting.schema)


def _takes(description: str, choices: tuple[str, ...]) -> str:
    return "" if all(f"`{one}`" in description for one in choices) else f"{listed(choices, 'or')}."


def _deciding(name: str, declared: dict[str, Any]) -> Variable:
    takes = sentence(explanations.in_words(declared)) if declared["type"] == "integer" else ""
    return Variable(name, declared["description"], takes, declared["default"], {}, declared["x-environment"])
