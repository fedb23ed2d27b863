# SPDX-License-Identifier: Apache-2.0
"""What applications had in their annotations before any filter came, kept apart from the cluster."""

from __future__ import annotations

from tests.simulation import truth
from tests.simulation.store import Change, Store
from tests.simulation.traits import TEMPLATE
from tests.simulation.values import Object, at

Texts = tuple[str | None, str | None]


class Originals:
    """`texts`: uid -> the annotations' texts. What somebody changes while a filter is there has none.

    `at`: version of a change of ours -> what they were then.
    """

    def __init__(self, store: Store) -> None:
        self.texts: dict[str, Texts] = {}
        self.at: dict[int, Texts] = {}
        for entry in store.everything():
            self._keep(entry)
        store.listeners.append(self._changed)

    def _changed(self, change: Change) -> None:
        if change.place.resource.kind not in truth.WORKLOADS or change.type == "DELETED":
            return
        before, after = change.before, change.after
        if before is None or truth.texts(before) != truth.texts(after):
            uid = after["metadata"]["uid"]
            if change.by.startswith(truth.DOMAIN):
                if uid in self.texts:
                    self.at[change.version] = self.texts[uid]
            elif not self._keep(after):
                self.texts.pop(uid, None)

    def _keep(self, entry: Object) -> bool:
        if entry["kind"] not in truth.WORKLOADS or _filtered(entry):
            return False
        self.texts[entry["metadata"]["uid"]] = truth.texts(entry)
        return True


def _filtered(entry: Object) -> bool:
    """Whether a filter of ours is there, or has left something."""
    annotations = entry["metadata"].get("annotations") or {}
    labels = at(entry, *TEMPLATE, "labels") or {}
    return any(key.startswith(truth.DOMAIN) for key in (*annotations, *labels))
