# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from ansible_collections.openclarity.wasm_filters.plugins.module_utils.engine.proof_summary import (
    proof_note,
    proof_sentence,
    runs_in,
)
from ansible_collections.openclarity.wasm_filters.plugins.module_utils.probes.proof import PodProof, Proof

WELL = PodProof("a", Proof.PROVED)
SILENT = PodProof("b", Proof.UNPROVED, "no_answer", "it is silent")
BARE = PodProof("c", Proof.DISPROVED, "no_sidecar", "it has none", fails=True)


def test_runs_in() -> None:
    assert runs_in([WELL]) == "the filter runs in 1 pod"
    assert runs_in([WELL, WELL]) == "the filter runs in 2 pods"
    assert runs_in([WELL, BARE, SILENT]) == "the filter runs in 1 of 3 pods"


def test_each_sentence_is_said_once_and_no_more_than_two() -> None:
    again = PodProof("d", Proof.UNPROVED, "no_answer", "it is silent")
    other = PodProof("e", Proof.UNPROVED, "draining", "it drains")
    assert proof_sentence([SILENT, again]) == "pod b and 1 more: it is silent"
    assert proof_sentence([SILENT, BARE, again]) == "pod b and 1 more: it is silent; pod c: it has none"
    assert proof_sentence([SILENT, BARE, other]) == "pod b: it is silent; pod c: it has none; and more"
    assert proof_sentence([PodProof("", Proof.UNPROVED, "no_answer", "a 500")]) == "its pods: a 500"


def test_what_is_added_to_what_was_done() -> None:
    assert proof_note([]) == ""
    assert proof_note([WELL]) == "; the filter runs in 1 pod"
    assert proof_note([WELL, BARE]) == "; the filter runs in 1 of 2 pods", "what fails it is said already"
    assert proof_note([WELL, SILENT]) == "; the filter runs in 1 of 2 pods; not known of pod b: it is silent"
    assert proof_note([PodProof("", Proof.UNPROVED, "no_answer", "a 500")]) == "; not known of its pods: a 500"
