# SPDX-License-Identifier: Apache-2.0
"""Many requests at the same time."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

THREADS = 16
# Each opens a connection of its own, which is as much work as several requests.
THREADS_FOR_FEW = 4
QUESTIONS_PER_THREAD = 5
Given = TypeVar("Given")
Got = TypeVar("Got")


def each(ask: Callable[[Given], Got], of: Iterable[Given]) -> list[Got]:
    """The answers, in order.

    :raises Exception: the first of `ask`'s.
    """
    questions = list(of)
    if len(questions) < 2:
        return [ask(one) for one in questions]
    wanted = max(THREADS_FOR_FEW, len(questions) // QUESTIONS_PER_THREAD)
    with ThreadPoolExecutor(min(THREADS, wanted)) as pool:
        return list(pool.map(ask, questions))
