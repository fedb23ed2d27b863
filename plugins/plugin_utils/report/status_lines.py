# Copyright: the openclarity.wasm_filters contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The status of many namespaces in few lines: how many of each state, what runs where, then what is not well. Pure."""

from __future__ import annotations

import textwrap
from collections import Counter
from collections.abc import Iterator
from typing import Any, NamedTuple

from ansible import constants as C
from ansible_collections.openclarity.wasm_filters.plugins.module_utils.status.states import (
    NO_DRIFT,
    WELL,
    State,
    by_badness,
)

from .screen import shortened
from .status_proofs import many, runs, unknown

# With what Ansible says of play and task it is less than 40.
LINES_MAX = 28
HEAD_MAX = 12
REVISIONS_MAX = 4
Line = tuple[str, "str | None"]


class Row(NamedTuple):
    """What is not well: a filter in a namespace, or a namespace."""

    state: State
    namespace: str
    text: str


def lines(namespaces: list[dict[str, Any]], width: int) -> list[Line]:
    """(text, color) of each.

    :param namespaces: as `NamespaceStatus.as_dict` has them.
    :param width: of the terminal; 0: none, where a line stays one, for grep.
    """
    counts, *others = _head(namespaces)
    head = _folded("  ", *counts, width)
    told = [line for text, color in others for line in _folded("  ", text, color, width)]
    # On a narrow terminal what is not well needs the room.
    head += (
        told if len(head) + len(told) <= HEAD_MAX else [(_shortened(f"  {text}", width, 0), c) for text, c in others]
    )
    several = len({one["filter"] for entry in namespaces for one in entry["filters"]}) > 1
    rows = sorted(
        (row for entry in namespaces for row in _rows(entry, several)),
        key=lambda row: (list(State).index(row.state), row.namespace),
    )
    whole = [line for row in rows for line in _folded(_heading(row, rows), row.text, _color(row.state), width)]
    if len(head) + len(whole) <= LINES_MAX:
        return head + whole
    return head + _cut(rows, LINES_MAX - len(head), width)


def _head(namespaces: list[dict[str, Any]]) -> Iterator[Line]:
    """How many there are of each state, then what is where, the most frequent first."""
    states = Counter(State(entry["state"]) for entry in namespaces)
    said = ", ".join(f"{states[state]} {state}" for state in by_badness(states))
    color = C.COLOR_OK if set(states) <= NO_DRIFT else C.COLOR_ERROR
    yield f"{many(len(namespaces), 'namespace')}: {said}" if said else "no namespace has a filter", color
    filters = [one for entry in namespaces for one in entry["filters"] if one["delivery"]]
    groups: dict[tuple[str, str, str], list[dict[str, Any]]] = {}
    for one in filters:
        groups.setdefault((one["filter"], one["revision"], one["delivery"]), []).append(one)
    largest = sorted(groups.items(), key=lambda item: -len(item[1]))
    for (name, revision, delivery), found in largest[:REVISIONS_MAX]:
        yield f"{name}  revision {revision} ({delivery}) in {many(len(found), 'namespace')}{runs(found)}", None
    if len(groups) > REVISIONS_MAX:
        yield f"and {many(len(groups) - REVISIONS_MAX, 'other revision')}", None
    yield from ((text, C.COLOR_CHANGED) for text in unknown(namespaces))


def _rows(entry: dict[str, Any], several: bool) -> Iterator[Row]:
    """:param several: there are several filters, so that each has to be named."""
    found = [(State(one["state"]), _said(one["object"], one["message"])) for one in entry["findings"]]
    yield from _grouped(entry["name"], "", found)
    for one in entry["filters"]:
        found = [(State(it["state"]), _said(it["object"], it["message"])) for it in one["findings"]]
        found += [(State(it["state"]), _said(f"{it['kind']}/{it['name']}", it["message"])) for it in one["workloads"]]
        yield from _grouped(entry["name"], f"{one['filter']}: " if several else "", found)


def _grouped(namespace: str, head: str, found: list[tuple[State, str]]) -> Iterator[Row]:
    """A row for each state, with the first of its findings."""
    for state in by_badness(state for state, _text in found if state not in WELL):
        texts = [text for one, text in found if one == state]
        more = f" (and {len(texts) - 1} more)" if len(texts) > 1 else ""
        yield Row(state, namespace, f"{head}{texts[0]}{more}")


def _said(subject: str, message: str) -> str:
    return f"{subject}: {message}" if subject else message


def _cut(rows: list[Row], room: int, width: int) -> list[Line]:
    """A line for each row; where they are too many, the same number of each state and the names of the others."""
    states = by_badness(row.state for row in rows)
    counts = Counter(row.state for row in rows)
    cap = next(
        (cap for cap in range(room, 0, -1) if sum(min(count, cap + 1) for count in counts.values()) <= room),
        0,
    )
    told: list[Line] = []
    for state in states:
        own = [row for row in rows if row.state == state]
        shown = own if len(own) <= cap + 1 else own[:cap]
        parts = [(_heading(row, rows), row.text) for row in shown]
        if len(own) > len(shown):
            names = ", ".join(dict.fromkeys(row.namespace for row in own[cap:]))
            parts.append((f"  {state}  and {len(own) - cap} more: ", names))
        told += [(head + _shortened(text, width, len(head)), _color(state)) for head, text in parts]
    return told


def _shortened(text: str, width: int, before: int) -> str:
    return shortened(text, max(width - before, 4)) if width else text


def _heading(row: Row, rows: list[Row]) -> str:
    states = max(len(one.state) for one in rows)
    names = max(len(one.namespace) for one in rows)
    return f"  {row.state:<{states}}  {row.namespace:<{names}}  "


def _folded(head: str, text: str, color: str | None, width: int) -> list[Line]:
    """Under each other on a terminal; in a log a line stays one."""
    if not width or len(head) + len(text) <= width:
        return [(head + text, color)]
    indent = " " * (len(head) if 4 < len(head) <= width // 2 else 4)
    wrapped = textwrap.wrap(head + text, width, subsequent_indent=indent, break_on_hyphens=False)
    return [(line, color) for line in wrapped]


def _color(state: State) -> str:
    color: str = C.COLOR_CHANGED if state in NO_DRIFT else C.COLOR_ERROR
    return color
