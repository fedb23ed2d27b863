# Copyright: the openclarity.wasm_filters contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The settings of this collection's filter as filter/configuration.schema.json declares them.

Beside the keywords of JSON Schema it has some of its own, which refuse nothing:

x-variable           the role's variable that sets it
x-default            the variable's default where the schema has none; this value leaves the setting out
x-default-by-format  the default for each format
x-computed-from      other variables that decide it, each with its type, default and description
x-environment        the environment variable that is a variable's default
x-formats            the only formats that the settings below mean something to
x-words              the pattern in words
x-example            a value, as -e takes it
x-lower-case         the names in the list are sent in lower case
x-map                the variable is a map, of these, where the setting is a list of pairs
x-url                what follows a ? in it, or stands before an @, may be a credential
x-secret             its values are credentials
x-always-written     settings that a configuration of the role has even at their default: without them the revision of
                     who has not changed anything would be another. No setting that is new is among them

Pure, but for `schema`, which reads the file.
"""

from __future__ import annotations

import functools
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ansible_collections.openclarity.wasm_filters.plugins.plugin_utils.settings.json_schema import Schema, resolved

FILTER = Path(__file__).parents[3] / "filter"


@dataclass(frozen=True)
class Setting:
    """One setting: a value, or a map that one variable takes as a whole."""

    path: tuple[str, ...]
    # Without $ref.
    schema: Schema
    # Empty: all.
    formats: tuple[str, ...] = ()

    @property
    def variable(self) -> str | None:
        """None: the role computes it."""
        return self.schema.get("x-variable")

    @property
    def name(self) -> str:
        return ".".join(self.path)

    @property
    def by_format(self) -> Mapping[str, Any]:
        """The default for each format, where there is no other."""
        return self.schema.get("x-default-by-format", {})

    def default(self, form: str) -> Any:
        """What the filter takes where it is told nothing; None for nothing at all."""
        return self.by_format.get(form, self.schema.get("default"))

    @property
    def left_out(self) -> Any:
        """The value that leaves the setting out of a configuration; None for none."""
        always = self.name in schema()["x-always-written"]
        return self.schema.get("x-default", None if always else self.schema.get("default"))


@functools.cache
def schema() -> Schema:
    """filter/configuration.schema.json, which the collection brings along."""
    found: Schema = json.loads((FILTER / "configuration.schema.json").read_text())
    return found


@functools.cache
def settings() -> tuple[Setting, ...]:
    """All of them, in the schema's order."""
    return tuple(_within(schema(), ()))


@functools.cache
def by_variable() -> Mapping[str, Setting]:
    """Those that a variable of the role sets."""
    return {one.variable: one for one in settings() if one.variable}


def formats() -> tuple[str, ...]:
    """What can be sent."""
    return tuple(schema()["properties"]["format"]["enum"])


def _within(around: Schema, path: tuple[str, ...], only: tuple[str, ...] = ()) -> Iterator[Setting]:
    for name, declared in around["properties"].items():
        inner = resolved(declared, schema())
        here = (*path, name)
        if "properties" in inner and "x-variable" not in inner:
            yield from _within(inner, here, tuple(inner.get("x-formats", only)))
        else:
            yield Setting(here, inner, only)
