# SPDX-License-Identifier: Apache-2.0
"""What the user gives, and what is said when it can't be used."""

from pathlib import Path

import pytest

from bench.options import RELEASED, BadOption, bench_options, soak_options


def test_the_whole_form_is_the_default_and_the_short_one_is_smaller() -> None:
    whole, short = bench_options({}), bench_options({"SHORT": "1"})
    assert not whole.short
    assert short.short
    assert (whole.filter, whole.peer, whole.output) == (RELEASED, None, None)
    assert short.rounds * short.requests < whole.rounds * whole.requests
    assert soak_options({}).requests == 1_000_000


def test_what_is_given_counts_in_either_form(tmp_path: Path) -> None:
    given = {
        "ROUNDS": "3",
        "REQUESTS": "400",
        "STARTS": "2",
        "OUTPUT": str(tmp_path / "table.md"),
        "PEER": str(RELEASED),
    }
    for short in ("", "0", "1"):
        options = bench_options({**given, "SHORT": short})
        assert (options.rounds, options.requests, options.starts) == (3, 400, 2)
        assert (options.output, options.peer) == (tmp_path / "table.md", RELEASED)


def test_a_peer_is_configured_like_the_old_filter_unless_told_otherwise() -> None:
    assert bench_options({}).peer_cluster == "trace_analyzer"
    options = bench_options({"PEER_CONFIGURATION": "a=1", "PEER_CLUSTER": "mine"})
    assert (options.peer_configuration, options.peer_cluster) == ("a=1", "mine")


@pytest.mark.parametrize(
    ("name", "value", "right"),
    [
        ("ROUNDS", "1", "whole number from 2 on"),
        ("ROUNDS", "many", "whole number from 2 on"),
        ("ROUNDS", "-3", "whole number from 2 on"),
        ("ROUNDS", "²", "whole number from 2 on"),
        ("REQUESTS", "199", "whole number from 200 on"),
        ("STARTS", "0", "whole number from 1 on"),
        ("SHORT", "yes", "give 1 for the short form"),
        ("PEER", "/nowhere/old.wasm", "there is no such file"),
        ("FILTER", __file__, "no WebAssembly module"),
        ("OUTPUT", "/nowhere/table.md", "a folder that is there"),
        ("OUTPUT", "/", "the path of a file"),
    ],
)
def test_a_value_that_can_not_be_used_is_named(name: str, value: str, right: str) -> None:
    with pytest.raises(BadOption) as raised:
        bench_options({name: value})
    assert str(raised.value).startswith(f"{name}={value}: ")
    assert right in str(raised.value)
