# SPDX-License-Identifier: Apache-2.0
"""The result file: what became of each namespace and workload, for scripts.

Format: docs/schemas/result.schema.json. One call of the module is one run, unless the play has a `serial` of
its own: each batch then adds its part, and what no batch has begun yet is `not_started`.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

from ..domain.outcome import NamespaceVerdict, Outcome
from ..domain.plan import Plan

VERSION = 2
NOT_BEGUN = "its batch of hosts has not begun, or its host has failed in an earlier play"
# (alias of the cluster, namespace)
Key = tuple[str, str]


def write(plan: Plan, verdicts: list[dict[str, Any]], now: float) -> None:
    """Add the verdicts of a call to the plan's result file; nothing where none was asked for.

    :param plan: of the whole run, also where the call is about a part of it.
    :param verdicts: as `NamespaceVerdict.as_dict` has them.
    :param now: epoch seconds.
    :raises OSError: the file can't be written; the one that was there is whole.
    """
    if not plan.options.result_file:
        return
    path = Path(plan.options.result_file).expanduser()
    clusters = {target.namespace: target.cluster for target in plan.targets}
    known = _known(path, plan.run.id)
    for entry in verdicts:
        key = (clusters[entry["name"]], entry["name"])
        known[key] = {name: value for name, value in entry.items() if name != "diff"}
    for target in plan.targets:
        key = (target.cluster, target.namespace)
        known.setdefault(key, NamespaceVerdict(target.namespace, Outcome.NOT_STARTED, message=NOT_BEGUN).as_dict())
    _replace(path, json.dumps(_content(plan, known, now), indent=2) + "\n")


def _known(path: Path, run: str) -> dict[Key, dict[str, Any]]:
    """What earlier calls of this same run have written."""
    try:
        content = json.loads(path.read_text())
        if content["version"] != VERSION or content["run"]["id"] != run:
            return {}
        return {
            (cluster["alias"], entry["name"]): entry
            for cluster in content["clusters"]
            for entry in cluster["namespaces"]
            if entry["reason"] or entry["verdict"] != Outcome.NOT_STARTED.value
        }
    except (OSError, ValueError, TypeError, KeyError):
        return {}  # none yet, or not one of ours: it is replaced


def _content(plan: Plan, known: dict[Key, dict[str, Any]], now: float) -> dict[str, Any]:
    aliases = dict.fromkeys(cluster for cluster, _name in known)
    return {
        "version": VERSION,
        "filter": plan.filter_name,
        "run": {
            "id": plan.run.id,
            "started": plan.run.started,
            "seconds": round(max(0.0, now - plan.run.started), 1),
            "check": plan.run.check,
            **({"leaves": plan.run.exported_data} if plan.run.exported_data else {}),
        },
        "clusters": [
            {"alias": alias, "namespaces": [entry for (cluster, _name), entry in known.items() if cluster == alias]}
            for alias in aliases
        ],
    }


def _replace(path: Path, text: str) -> None:
    """Whoever reads the file sees the old or the new one, never half of one."""
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        partial.write_text(text)
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)
