# Copyright: the openclarity.wasm_filters contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""In how many pods a filter runs, and of how many that is not known, in few words. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any

from ansible_collections.openclarity.wasm_filters.plugins.module_utils.domain.outcome import Reason
from ansible_collections.openclarity.wasm_filters.plugins.module_utils.probes.proof import Proof

# The file has them all.
REASONS_MAX = 3
UNKNOWN = {
    Reason.PROOF_FORBIDDEN: "may not be asked: docs/rbac/proof.yml has the right",
    Reason.NO_ANSWER: "no answer",
    Reason.DRAINING: "connections of before still drain",
    Reason.NOT_LOADED: "nothing is loaded; it may have no listener to load it into",
    Reason.FOREIGN_FILTER: "the filter shows no revision and no heartbeat, as a foreign one does",
}


def runs(filters: list[dict[str, Any]]) -> str:
    """Such as ": 12 workloads, runs in 30 of 31 pods", of namespaces on one revision; empty: nothing to count.

    :param filters: as `FilterStatus.as_dict` has them.
    """
    own = [it for one in filters for it in one["workloads"] if it["revision"] == one["revision"]]
    proofs = [it["proof"] for one in [*filters, *own] for it in one["pods"] if it["name"]]
    parts = [many(len(own), "workload")] if own else []
    if proofs:
        well, total = proofs.count(Proof.PROVED.value), many(len(proofs), "pod")
        doubtful = proofs.count(Proof.UNPROVED.value)
        parts.append(f"runs in {total}" if well == len(proofs) else f"runs in {well} of {total}")
        parts += [f"not known of {doubtful}"] if doubtful else []
    return f": {', '.join(parts)}" if parts else ""


def unknown(namespaces: list[dict[str, Any]]) -> Iterator[str]:
    """A line for each reason why it is not known of pods, the most frequent first.

    :param namespaces: as `NamespaceStatus.as_dict` has them.
    """
    pods: Counter[str] = Counter()
    where: dict[str, set[str]] = {}
    for entry in namespaces:
        for one in entry["filters"]:
            for pod in [it for owner in [one, *one["workloads"]] for it in owner["pods"]]:
                if pod["proof"] == Proof.UNPROVED.value:
                    # Without a name it stands for all pods of the namespace.
                    pods[pod["reason"]] += 1 if pod["name"] else 0
                    where.setdefault(pod["reason"], set()).add(entry["name"])
    for reason, count in pods.most_common(REASONS_MAX):
        of = f"{many(count, 'pod')} in " if count else "the pods in "
        why = UNKNOWN.get(Reason(reason), reason)
        yield f"not known whether it runs in {of}{many(len(where[reason]), 'namespace')}: {why}"


def many(count: int, what: str) -> str:
    """Such as "2 pods"."""
    return f"{count} {what}{'' if count == 1 else 's'}"
