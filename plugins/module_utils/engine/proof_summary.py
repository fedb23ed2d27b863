# SPDX-License-Identifier: Apache-2.0
"""What the pods of a namespace show of the filter, as sentences. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from ..probes.proof import PodProof, Proof
from .pod_diagnosis import PODS_NAMED_MAX


def runs_in(proofs: Sequence[PodProof]) -> str:
    """Such as "the filter runs in 2 of 3 pods"."""
    well = sum(1 for one in proofs if one.proof == Proof.PROVED)
    total = f"{len(proofs)} {'pod' if len(proofs) == 1 else 'pods'}"
    return f"the filter runs in {total}" if well == len(proofs) else f"the filter runs in {well} of {total}"


def proof_sentence(proofs: Sequence[PodProof]) -> str:
    """Such as "pod a and 2 more: it has no sidecar; pod d: its sidecar does not answer", each sentence once."""
    sentences: dict[str, list[str]] = {}
    for one in proofs:
        sentences.setdefault(one.message, []).append(one.name)
    said = [f"{named(names)}: {text}" for text, names in list(sentences.items())[:PODS_NAMED_MAX]]
    return "; ".join(said) + ("; and more" if len(sentences) > PODS_NAMED_MAX else "")


def proof_note(proofs: Sequence[PodProof]) -> str:
    """What is added to what was done; empty where no pod was asked."""
    if not proofs:
        return ""
    doubtful = [one for one in proofs if one.proof != Proof.PROVED and not one.fails]
    unknown = f"; not known of {proof_sentence(doubtful)}" if doubtful else ""
    asked = [one for one in proofs if one.name]
    return (f"; {runs_in(asked)}" if asked else "") + unknown


def named(names: list[str]) -> str:
    """Such as "pod a and 2 more"."""
    if not names[0]:
        return "its pods"
    return f"pod {names[0]}" + (f" and {len(names) - 1} more" if len(names) > 1 else "")
