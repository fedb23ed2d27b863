# SPDX-License-Identifier: Apache-2.0
"""filter/src/config/settings.zig: what the filter has to know of its settings."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from ansible_collections.openclarity.wasm_filters.plugins.plugin_utils.settings import declaration
from ansible_collections.openclarity.wasm_filters.plugins.plugin_utils.settings.declaration import Setting
from ansible_collections.openclarity.wasm_filters.plugins.plugin_utils.settings.json_schema import resolved

from tools.generate.blocks import BEGIN

HEAD = f"""// SPDX-License-Identifier: Apache-2.0
//! {BEGIN}configuration.schema.json, do not edit: the settings, their defaults and bounds.

const std = @import("std");
const Kind = @import("configuration_table.zig").Kind;

pub const Names = []const []const u8;
pub const Range = struct {{ least: u8, most: u32 }};
"""
CONFIGURATION = """
pub const Configuration = struct {
%s    /// How many entries could not be used.
    errors: u32 = 0,
    /// Not 0: a rule of what is traced could not be used. Then nothing is.
    closed: u32 = 0,

    pub const parse = @import("configuration.zig").parse;
};
"""
ENTRY = """
/// What stands in a configuration: in which group, of what kind, and which field it sets.
pub const Entry = struct {
    group: Group,
    name: []const u8,
    kind: Kind,
    field: []const u8 = "",
    /// A group, an index into `choices` or `ranges`, or which rule.
    more: u8 = 0,
    /// Of the entries of a list of names.
    form: ?Form = null,
};
"""
NOTES = {
    "revision": "As a number: exact in a gauge, as it is below 2^53.",
    "headers": "Names and values in turn.",
    "fraction": "Of 10^9.",
    "rules": "A list for each rule.",
}


@dataclass(frozen=True)
class Field:
    """A setting as a field of the configuration."""

    setting: Setting

    @property
    def name(self) -> str:
        return "_".join(self.setting.path)

    @property
    def group(self) -> str:
        return "_".join(self.setting.path[:-1]) or "top"

    @property
    def kind(self) -> str:
        schema = self.setting.schema
        if "enum" in schema:
            return "choice"
        if schema["type"] == "string":
            defined = declaration.schema()["$defs"]
            return next(name for name, one in defined.items() if one.get("pattern") == schema["pattern"])
        return {"integer": "number", "number": "fraction", "object": "rules"}.get(schema["type"]) or (
            "headers" if "prefixItems" in schema["items"] else "names"
        )

    @property
    def form(self) -> str:
        """Of what kind its entries are, by the name of what the schema defines."""
        return _form(self.setting.schema)

    @property
    def choice(self) -> str:
        """The name of its enum."""
        return self.name.title().replace("_", "")

    @property
    def words(self) -> list[str]:
        return [*self.setting.schema["enum"]] + (["by_format"] if self.setting.by_format else [])

    @property
    def range(self) -> str:
        return (
            f"Range{{ .least = {self.setting.schema['minimum']}, .most = {_number(self.setting.schema['maximum'])} }}"
        )

    def declared(self) -> str:
        kind = self.kind
        note = f"    /// {NOTES[kind]}\n" if kind in NOTES else ""
        if kind == "names" and self.setting.schema.get("default"):
            note = "    /// Beside the default list.\n"
        return f"{note}    {self.name}: {self._type} = {self._default},\n"

    @property
    def _type(self) -> str:
        types = {
            "revision": "u64",
            "choice": self.choice,
            "rules": "[rules_count]Names",
            **dict.fromkeys(("number", "fraction"), "u32"),
            **dict.fromkeys(("names", "headers"), "Names"),
        }
        return types.get(self.kind, "[]const u8")

    @property
    def _default(self) -> str:
        value = self.setting.schema.get("default")
        if self.kind == "choice":
            return f".{value or 'by_format'}"
        if self.kind == "rules":
            return "@splat(&.{})"
        if self._type == "Names":
            return "&.{}"
        if self._type == "[]const u8":
            return _text(value or "")
        return _number(round((value or 0) * 10**9) if self.kind == "fraction" else value or 0)


def source() -> str:
    """The whole file."""
    fields = [Field(one) for one in declaration.settings()]
    by_name = {field.name: field for field in fields}
    choices = [field for field in fields if field.kind == "choice"]
    return "".join(
        [
            HEAD,
            _enums(choices, fields),
            _formats_of_groups(fields),
            *(_constants(field) for field in fields),
            CONFIGURATION % "".join(field.declared() for field in fields),
            _tables(choices, by_name),
            ENTRY,
            _entries(by_name, choices),
        ]
    )


def _enums(choices: list[Field], fields: list[Field]) -> str:
    rules = resolved({"$ref": "#/$defs/rules"}, declaration.schema())["properties"]
    groups = dict.fromkeys(["top", *(one.setting.path[0] for one in fields if _in_group(one))])
    lines = [f"pub const {one.choice} = enum(u32) {{ {', '.join(one.words)} }};\n" for one in choices]
    lines.append(f"pub const Rule = enum(u8) {{ {', '.join(rules)} }};\n")
    lines.append("pub const rules_count = std.meta.fieldNames(Rule).len;\n")
    forms = dict.fromkeys([*(one.form for one in fields if one.kind == "names"), *map(_form, rules.values())])
    lines.append("/// What an entry of a list has to look like; forms.zig says how.\n")
    lines.append(f"pub const Form = enum(u8) {{ {', '.join(forms)} }};\n")
    lines.append(f"pub const names_max = {declaration.schema()['$defs']['list']['maxItems']};\n")
    lines.append(f"pub const Group = enum(u8) {{ {', '.join(groups)} }};\n")
    return "".join(lines)


def _formats_of_groups(fields: list[Field]) -> str:
    found = {one.setting.path[0]: one.setting.formats for one in fields if one.setting.formats}
    return "".join(
        f"/// To others the group means nothing.\n"
        f"pub const {group}_formats = [_]Format{{ {', '.join(f'.{form}' for form in formats)} }};\n"
        for group, formats in found.items()
    )


def _in_group(field: Field) -> bool:
    return field.kind == "rules" or len(field.setting.path) > 1


def _constants(field: Field) -> str:
    """Bounds and defaults that the rest of the filter may ask for."""
    schema, name = field.setting.schema, field.name
    text = ""
    if field.kind == "number":
        text += f"pub const {name} = {field.range};\n"
    if field.kind == "headers":
        text += f"pub const {name}_max = {schema['maxItems']};\n"
    if field.kind == "names" and schema["default"]:
        text += f"pub const {name}_default = [_][]const u8{{\n{_lines(map(_text, schema['default']))}}};\n"
    if field.setting.by_format:
        values = [f".{one}" if field.kind == "choice" else _text(one) for one in field.setting.by_format.values()]
        of = field.choice if field.kind == "choice" else "[]const u8"
        text += f"/// In the order of the formats.\npub const {name}_by_format = [_]{of}{{ {', '.join(values)} }};\n"
    return f"\n{text}" if text else ""


def _tables(choices: list[Field], by_name: dict[str, Field]) -> str:
    ranges = "".join(f"    {name},\n" for name in _ranges(by_name).values())
    return (
        f"\npub const choices = .{{ {', '.join(one.choice for one in choices)} }};\n"
        f"pub const ranges = [_]Range{{\n{ranges}}};\n"
    )


def _ranges(by_name: dict[str, Field]) -> dict[str, str]:
    """Each range once, with the first field that has it."""
    numbers = {name: field.range for name, field in by_name.items() if field.kind == "number"}
    found: dict[str, str] = {}
    for name in numbers:
        found.setdefault(numbers[name], name)
    return found


def _entries(by_name: dict[str, Field], choices: list[Field]) -> str:
    ranges, lines, opened = list(_ranges(by_name)), [], {"top"}
    for name in by_name:
        field = by_name[name]
        group = field.setting.path[0] if _in_group(field) else "top"
        if group not in opened:
            opened.add(group)
            lines.append(_entry("top", group, "group", f".more = @intFromEnum(Group.{group})"))
        if field.kind == "rules":
            lines += [
                _entry(group, rule, "names", f'.field = "{name}", .form = .{_form(one)}', index)
                for index, (rule, one) in enumerate(field.setting.schema["properties"].items())
            ]
            continue
        more = choices.index(field) if field.kind == "choice" else 0
        more = ranges.index(field.range) if field.kind == "number" else more
        form = f", .form = .{field.form}" if field.kind == "names" else ""
        lines.append(_entry(group, field.setting.path[-1], field.kind, f'.field = "{name}"{form}', more))
    return f"pub const entries = [_]Entry{{\n{''.join(lines)}}};\n"


def _entry(group: str, name: str, kind: str, rest: str, more: int = 0) -> str:
    rest += f", .more = {more}" if more else ""
    return f'    .{{ .group = .{group}, .name = "{name}", .kind = .{kind}, {rest} }},\n'


def _form(a_list: dict[str, Any]) -> str:
    return str(a_list["items"]["$ref"]).rpartition("/")[2]


def _lines(items: Iterable[str]) -> str:
    return "".join(f"    {item},\n" for item in items)


def _text(value: str) -> str:
    return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _number(value: Any) -> str:
    return f"{value:_}" if value >= 10_000 else str(value)
