from __future__ import annotations

import threading

import pytest
from ansible_collections.openclarity.wasm_filters.plugins.module_utils.preflight.parallel import THREADS, each


def test_answers_are_in_the_order_of_the_questions() -> None:
    assert each(lambda one: one * 2, range(50)) == [one * 2 for one in range(50)]
    assert each(lambda one: one, [1]) == [1]
    assert each(lambda one: one, []) == []


def test_questions_are_asked_at_the_same_time() -> None:
    together = threading.Barrier(THREADS)
    # Asked one after the other, the first would wait for ever.
    each(lambda _one: together.wait(30), range(THREADS))


def test_what_goes_wrong_is_told() -> None:
    with pytest.raises(ZeroDivisionError):
        each(lambda one: 1 // one, [1, 0, 2])
