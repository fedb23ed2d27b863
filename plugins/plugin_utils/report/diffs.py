# Copyright: the openclarity.wasm_filters contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Diffs over many namespaces: what is the same is shown once. Pure."""

from __future__ import annotations

import difflib
import json
from typing import Any

from ansible import constants as C
from ansible_collections.openclarity.wasm_filters.plugins.module_utils.domain.revision import canonical_json

Diff = dict[str, Any]
NAMES_MAX = 10
COLORS = {"+": C.COLOR_DIFF_ADD, "-": C.COLOR_DIFF_REMOVE, "@": C.COLOR_DIFF_LINES}


def split_diffs(verdicts: list[dict[str, Any]]) -> tuple[list[Diff], dict[str, Diff]]:
    """(what several namespaces have in common, what each has for itself), as Ansible takes diffs.

    Workloads are always their namespace's own; objects that change in the same way in more than one are common.
    """
    own: dict[str, Diff] = {}
    shared: dict[bytes, tuple[str, Diff, list[str]]] = {}
    for entry in verdicts:
        workloads = {f"{one['kind']}/{one['name']}" for one in entry.get("workloads") or []}
        changes = entry.get("diff") or {}
        before, after = changes.get("before") or {}, changes.get("after") or {}
        own[entry["name"]] = {"before": {}, "after": {}}
        for key in dict.fromkeys([*before, *after]):
            part = {"before": _only(before, key), "after": _only(after, key)}
            if key in workloads:
                _merge(own[entry["name"]], part)
            else:
                shared.setdefault(canonical_json([key, part]), (key, part, []))[2].append(entry["name"])
    common: dict[tuple[str, ...], Diff] = {}
    for _key, part, names in shared.values():
        if len(names) == 1:
            _merge(own[names[0]], part)
        else:
            _merge(common.setdefault(tuple(names), {"before": {}, "after": {}}), part)
    return [_headed(_title(names), diff) for names, diff in common.items()], own


def lines(diff: Diff) -> list[tuple[str, str | None]]:
    """(line, colour), in the form that Ansible's own callback gives to a diff of values."""
    before, after = (_as_text(diff[side]) for side in ("before", "after"))
    found = difflib.unified_diff(
        before,
        after,
        fromfile=f"before: {diff['before_header']}",
        tofile=f"after: {diff['after_header']}",
        n=C.DIFF_CONTEXT,
        lineterm="",
    )
    return [(line, COLORS.get(line[0])) for line in found]


def _as_text(value: dict[str, Any]) -> list[str]:
    return json.dumps(value, indent=4, sort_keys=True).splitlines()


def _only(changes: dict[str, Any], key: str) -> dict[str, Any]:
    return {key: changes[key]} if key in changes else {}


def _merge(diff: Diff, part: Diff) -> None:
    for side in ("before", "after"):
        diff[side].update(part[side])


def _headed(title: str, diff: Diff) -> Diff:
    return {"before_header": title, "after_header": title, **diff}


def _title(names: tuple[str, ...]) -> str:
    more = f" and {len(names) - NAMES_MAX} more" if len(names) > NAMES_MAX else ""
    return f"the same in {len(names)} namespaces: {', '.join(names[:NAMES_MAX])}{more}"
