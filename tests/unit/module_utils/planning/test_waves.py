# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from typing import Any
from unittest.mock import MagicMock

import pytest
from ansible.executor.playbook_executor import PlaybookExecutor
from ansible_collections.openclarity.wasm_filters.plugins.module_utils.planning.waves import (
    Size,
    parse_serial,
    wave_sizes,
)
from hypothesis import given
from hypothesis import strategies as st

PARSED: list[tuple[Any, list[Size]]] = [
    (1, [1]),
    ("5", [5]),
    ("10%", ["10%"]),
    ([1, "10%", "100%"], [1, "10%", "100%"]),
    (["2", " 010% "], [2, "10%"]),
    ("1,10%,100%", [1, "10%", "100%"]),
    (" 1 , 10% ", [1, "10%"]),
]
REFUSED: list[Any] = [
    *(None, 0, "0", -1, "", "all", [], [0], {}, {"a": 1}, True, [True], 1.5, "1.5", "0%", "101%", "-5%", "%", "1 2"),
    *([[1]], [None], "1,", ",", "1,,2", "9" * 5000, "\u0665", "50 %"),
]


@pytest.mark.parametrize(("value", "sizes"), PARSED)
def test_every_way_to_give_sizes(value: Any, sizes: list[Size]) -> None:
    assert parse_serial(value) == sizes


@pytest.mark.parametrize("value", REFUSED)
def test_what_is_no_size_is_refused(value: Any) -> None:
    with pytest.raises(ValueError):
        parse_serial(value)


@pytest.mark.parametrize(
    ("serial", "count", "waves"),
    [
        ([1, "10%", "100%"], 30, [1, 3, 26]),
        ([2], 5, [2, 2, 1]),
        (["10%"], 5, [1, 1, 1, 1, 1]),
        (["29%"], 100, [28, 28, 28, 16]),
        (["100%"], 3, [3]),
        ([50], 3, [3]),
        ([1], 0, []),
    ],
)
def test_the_last_size_is_repeated_and_a_wave_is_never_empty(serial: list[Size], count: int, waves: list[int]) -> None:
    assert wave_sizes(serial, count) == waves


sizes = st.integers(1, 40) | st.integers(1, 100).map("{}%".format)


@given(st.lists(sizes, min_size=1, max_size=5), st.integers(0, 300))
def test_waves_are_those_that_ansible_would_make(serial: list[Size], count: int) -> None:
    executor, play = MagicMock(), MagicMock(serial=list(serial))
    executor._inventory.get_hosts.return_value = list(range(count))
    batches = PlaybookExecutor._get_serialized_batches(executor, play)
    assert wave_sizes(parse_serial(serial), count) == [len(batch) for batch in batches]
