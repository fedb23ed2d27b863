# Copyright: the openclarity.wasm_filters contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The result file: what became of each namespace and workload, for scripts.

Format: docs/schemas/result.schema.json. Each wave adds its part, so that a run that is stopped
between two waves leaves a file that says what was done and what was not begun.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

from ansible_collections.openclarity.wasm_filters.plugins.module_utils.domain.outcome import (
    NOT_STARTED,
    NamespaceVerdict,
)

VERSION = 1


class ResultFile:
    """The result of one run. Without a path it only knows what one wave has told it."""

    def __init__(self, path: str | None, run: dict[str, Any], filter_name: str) -> None:
        self.path = Path(path).expanduser() if path else None
        self.run = run
        self.filter_name = filter_name

    def add_wave(self, cluster: str, verdicts: list[dict[str, Any]], wanted: list[tuple[str, str]], now: float) -> None:
        """Take in a wave's verdicts; what no wave has begun yet is `not_started`.

        :param wanted: (cluster, namespace) of the whole run.
        :param now: epoch seconds.
        """
        known = self._known()
        for entry in verdicts:
            known[cluster, entry["name"]] = {key: value for key, value in entry.items() if key != "diff"}
        for key in wanted:
            if key not in known:
                known[key] = NamespaceVerdict(key[1], NOT_STARTED, message="its wave was not begun").as_dict()
        self._write(known, now)

    def _known(self) -> dict[tuple[str, str], dict[str, Any]]:
        """What earlier waves of this same run have written."""
        try:
            content = json.loads(self.path.read_text()) if self.path else {}
            if not content or content["run"]["id"] != self.run["id"]:
                return {}
            return {
                (cluster["alias"], entry["name"]): entry
                for cluster in content["clusters"]
                for entry in cluster["namespaces"]
                if entry["verdict"] != NOT_STARTED
            }
        except (OSError, ValueError, TypeError, KeyError):
            return {}  # none yet, or not one of ours: it is replaced

    def _write(self, known: dict[tuple[str, str], dict[str, Any]], now: float) -> None:
        if self.path is None:
            return
        aliases = dict.fromkeys(cluster for cluster, _name in known)
        started = float(self.run["started"])
        content = {
            "version": VERSION,
            "filter": self.filter_name,
            "run": {
                "id": self.run["id"],
                "started": started,
                "seconds": round(max(0.0, now - started), 1),
                "check": bool(self.run.get("check")),
                **({"leaves": self.run["leaves"]} if self.run.get("leaves") else {}),
            },
            "clusters": [
                {"alias": alias, "namespaces": [entry for (cluster, _name), entry in known.items() if cluster == alias]}
                for alias in aliases
            ],
        }
        self.path.parent.mkdir(parents=True, exist_ok=True)
        # Whoever reads the file sees the old or the new one, never half of one.
        partial = self.path.with_name(f".{self.path.name}.{os.getpid()}")
        partial.write_text(json.dumps(content, indent=2) + "\n")
        partial.replace(self.path)
