# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import pytest
from ansible_collections.openclarity.wasm_filters.plugins.module_utils.domain.errors import api_error
from ansible_collections.openclarity.wasm_filters.plugins.module_utils.engine.commands import Request, Verb
from ansible_collections.openclarity.wasm_filters.plugins.module_utils.engine.messages import (
    Compared,
    Granted,
    Looked,
    Message,
    Refusal,
    Reply,
    Seen,
    Stopped,
    Woken,
)

from tests.unit.module_utils.engine.workloads import OneWorkload, stored

GET = Request(Verb.GET, "/x")
MESSAGES: list[Message] = [
    Reply(GET, {}),
    Granted(),
    Seen(stored()),
    Seen(None),
    Compared(stored()),
    Compared(None),
    Woken(),
    Looked([], []),
    Stopped(),
]


@pytest.mark.parametrize("message", MESSAGES)
def test_a_workload_that_is_done_stays_as_it_is_whatever_it_is_told(message: Message) -> None:
    one = OneWorkload(stored(labels={"sidecar.istio.io/inject": "false"}))
    before = one.state
    assert (one.tell(message).state, one.commands) == (before, [])


def test_all_of_them_are_known_here() -> None:
    # A refusal comes to who has asked, and who is done has been answered.
    assert {type(message).__name__ for message in MESSAGES} | {Refusal.__name__} == set(str(Message).split(" | "))


def test_an_answer_is_to_what_was_asked_the_first_time_unless_it_says_so() -> None:
    assert not Reply(GET, None).resent
    assert not Refusal(GET, api_error("get /x", 404, "no")).resent
