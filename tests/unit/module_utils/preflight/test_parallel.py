# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import threading

import pytest
from ansible_collections.openclarity.wasm_filters.plugins.module_utils.preflight.parallel import (
    QUESTIONS_PER_THREAD,
    THREADS,
    THREADS_FOR_FEW,
    each,
)


def test_answers_are_in_the_order_of_the_questions() -> None:
    assert each(lambda one: one * 2, range(50)) == [one * 2 for one in range(50)]
    assert each(lambda one: one, [1]) == [1]
    assert each(lambda one: one, []) == []


@pytest.mark.parametrize(
    ("questions", "at_once"), [(THREADS_FOR_FEW, THREADS_FOR_FEW), (THREADS * QUESTIONS_PER_THREAD, THREADS)]
)
def test_questions_are_asked_at_the_same_time(questions: int, at_once: int) -> None:
    together = threading.Barrier(at_once)
    # With fewer at once the first would wait for ever, with more the last.
    each(lambda _one: together.wait(30), range(questions))


def test_what_goes_wrong_is_told() -> None:
    with pytest.raises(ZeroDivisionError):
        each(lambda one: 1 // one, [1, 0, 2])
