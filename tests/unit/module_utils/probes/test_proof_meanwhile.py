# SPDX-License-Identifier: Apache-2.0
"""What happens between two samples of a pod, and what they do not tell."""

from __future__ import annotations

from ansible_collections.openclarity.wasm_filters.plugins.module_utils.probes.proof import Proof, Samples
from ansible_collections.openclarity.wasm_filters.plugins.module_utils.probes.sidecar_stats import SidecarStats

R = "0000000001"


def after(*samples: tuple[float, int, int]) -> Samples:
    """Of (time, heartbeat, chains that drain)."""
    found = Samples(R, fresh=False)
    for now, heartbeat, draining in samples:
        found = found.taken(SidecarStats(R, heartbeat, draining=draining), now)
    return found


def test_what_has_beaten_while_chains_drained_counts_no_more() -> None:
    drained = after((0.0, 100, 2), (2.0, 102, 2), (44.0, 144, 2), (46.0, 145, 0))
    assert not drained.proved
    assert not drained.taken(SidecarStats(R, 145), 60.0).proved
    assert drained.taken(SidecarStats(R, 147), 48.0).proved


def test_no_heartbeat_while_chains_drain_is_not_told_from_none() -> None:
    assert after((0.0, 100, 2), (60.0, 100, 2)).judged(True, 30.0)[:2] == (Proof.UNPROVED, "draining")


def test_a_heartbeat_is_missed_after_a_while_only() -> None:
    assert after((118.0, 100, 0)).judged(True, 60.0)[:2] == (Proof.UNPROVED, "no_answer")
    assert after((60.0, 100, 0), (118.0, 100, 0)).judged(True, 60.0)[:2] == (Proof.UNPROVED, "no_answer")
    assert after((2.0, 100, 0), (118.0, 100, 0)).judged(True, 60.0)[:2] == (Proof.DISPROVED, "not_running")


def test_the_while_begins_when_the_revision_shows() -> None:
    late = Samples(R, fresh=False).taken(SidecarStats("0000000002", 100), 2.0).taken(SidecarStats(R, 0), 110.0)
    assert late.taken(SidecarStats(R, 0), 118.0).judged(True, 60.0)[0] == Proof.UNPROVED
