# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import pytest
from ansible_collections.openclarity.wasm_filters.plugins.module_utils.domain.outcome import Reason
from ansible_collections.openclarity.wasm_filters.plugins.module_utils.probes.proof import PodProof, Proof, Samples
from ansible_collections.openclarity.wasm_filters.plugins.module_utils.probes.sidecar_stats import SidecarStats

R1, R2 = "3f2a91c0de", "77aa00bb11"


def after(*pages: SidecarStats | str, fresh: bool = False) -> Samples:
    """Samples of pages with revision R1 expected; a text is why there was none."""
    found = Samples(R1, fresh)
    for at, page in enumerate(pages):
        found = found.failed(page) if isinstance(page, str) else found.taken(page, 10.0 * at)
    return found


def page(heartbeat: int, revision: str = R1, draining: int = 0, rejected: int = 0) -> SidecarStats:
    return SidecarStats(revision, heartbeat, rejected, draining)


PROVED = [
    (page(100), page(106)),
    (page(0), page(100)),
    (page(0), page(0), page(100)),
    # It came in between, so that what beats is it.
    (page(0, ""), page(100)),
    (page(90, R2), page(0), page(100)),
    (page(0), page(100, draining=3)),
    (page(90, R2), page(96, draining=3)),
    (page(90, R2, draining=3), page(96, draining=3), page(96), page(102)),
    # It was there before, and goes on when nothing of before is left.
    (page(100, draining=3), page(106, draining=3), page(106), page(112)),
    (page(100), "no route to host", page(106)),
]


@pytest.mark.parametrize("pages", PROVED)
def test_proved(pages: tuple[SidecarStats | str, ...]) -> None:
    assert after(*pages).proved
    assert after(*pages).judged(True, 10.0) == (Proof.PROVED, "", "")
    assert not after(*pages[:-1]).proved, "not before its last sample"


NOT_YET = [
    ((page(100),), Proof.UNPROVED, Reason.NO_ANSWER),
    ((page(100), page(100)), Proof.DISPROVED, Reason.NOT_RUNNING),
    ((page(0), page(0)), Proof.DISPROVED, Reason.NOT_RUNNING),
    ((page(100, R2), page(106, R2)), Proof.DISPROVED, Reason.WRONG_REVISION),
    # The trial of what was rejected may have set the gauge.
    ((page(100, R2, rejected=1), page(106, R2, rejected=1)), Proof.UNPROVED, Reason.WRONG_REVISION),
    # Gauge and heartbeat of a slot that is gone go on for as long as its chains drain.
    ((page(100, draining=3), page(106, draining=3)), Proof.UNPROVED, Reason.DRAINING),
    # What has beaten up to now may have been of before.
    ((page(100, draining=3), page(106)), Proof.UNPROVED, Reason.NO_ANSWER),
    # So it may where there was another one for less than chains drain.
    ((page(90, R2, draining=3), page(96, draining=3)), Proof.UNPROVED, Reason.DRAINING),
    ((page(90, R2, draining=3), page(96)), Proof.UNPROVED, Reason.NO_ANSWER),
    ((page(0, "", draining=3), page(96), page(96)), Proof.DISPROVED, Reason.NOT_RUNNING),
    # Where nothing beats, nothing of before does.
    ((page(90, R2, draining=3), page(0, draining=3), page(0, draining=3)), Proof.DISPROVED, Reason.NOT_RUNNING),
    ((page(100, draining=3), page(106), page(106)), Proof.DISPROVED, Reason.NOT_RUNNING),
    ((page(100, draining=3), page(106, draining=3), page(0, "")), Proof.DISPROVED, Reason.NOT_LOADED),
    ((page(0, ""),), Proof.DISPROVED, Reason.NOT_LOADED),
    (("no route to host",), Proof.UNPROVED, Reason.NO_ANSWER),
    ((), Proof.UNPROVED, Reason.NO_ANSWER),
    ((page(100), page(106), "no route to host"), Proof.UNPROVED, Reason.NO_ANSWER),
    ((page(100, R2), "no route to host"), Proof.UNPROVED, Reason.NO_ANSWER),
]


@pytest.mark.parametrize(("pages", "proof", "reason"), NOT_YET)
def test_not_proved(pages: tuple[SidecarStats | str, ...], proof: Proof, reason: Reason) -> None:
    found = after(*pages)
    assert not found.proved
    assert found.judged(True, 10.0)[:2] == (proof, reason)


def test_in_a_new_pod_nothing_of_before_can_be() -> None:
    assert after(page(100, draining=3), page(106, draining=3), fresh=True).proved
    assert not after(page(100, draining=3), fresh=True).proved


def test_one_that_came_and_went_has_to_beat_again() -> None:
    assert not after(page(0), page(100), page(0, "")).proved
    assert not after(page(0), page(100), page(0, ""), page(0)).proved


def test_nothing_loaded_says_little_of_a_pod_that_may_have_no_listener_for_it() -> None:
    assert after(page(0, "")).judged(False, 10.0)[:2] == (Proof.UNPROVED, Reason.NOT_LOADED)
    proof, reason, message = after(page(0, "", rejected=2)).judged(False, 10.0)
    assert (proof, reason) == (Proof.DISPROVED, Reason.NOT_LOADED)
    assert message.endswith("Envoy has rejected 2 configurations of listeners")


def test_as_the_result_file_has_it() -> None:
    found = PodProof("web-1", Proof.DISPROVED, Reason.NOT_RUNNING, "it does not run", {"sent": 1}, {"app": "web"}, True)
    assert found.as_dict() == {
        "name": "web-1",
        "proof": "disproved",
        "reason": "not_running",
        "message": "it does not run",
        "metrics": {"sent": 1},
    }
