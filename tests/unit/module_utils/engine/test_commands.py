# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import dataclasses

import pytest
from ansible_collections.openclarity.wasm_filters.plugins.module_utils.cluster.api import ClusterApi
from ansible_collections.openclarity.wasm_filters.plugins.module_utils.engine import commands
from ansible_collections.openclarity.wasm_filters.plugins.module_utils.engine.commands import (
    Command,
    Dispatch,
    Request,
    SetTimer,
    Verb,
)


@pytest.mark.parametrize("verb", list(Verb))
def test_each_verb_is_a_method_of_the_client(verb: Verb) -> None:
    assert callable(getattr(ClusterApi, verb.value))
    assert f"{verb}" == verb.value


def test_two_requests_for_the_same_are_the_same() -> None:
    # What is read is known by the request that asked for it.
    one = Request(Verb.LIST, "/x", label_selector="a=b", metadata_only=True)
    assert {one: 1}[Request(Verb.LIST, "/x", label_selector="a=b", metadata_only=True)] == 1
    assert one != Request(Verb.LIST, "/x", label_selector="a=b")


@pytest.mark.parametrize("kind", [getattr(commands, name) for name in str(Command).split(" | ")])
def test_a_command_can_not_be_changed_on_its_way(kind: type) -> None:
    assert kind in vars(commands).values()
    assert kind.__dataclass_params__.frozen  # type: ignore[attr-defined]


def test_what_comes_of_a_command_is_known_by_its_token() -> None:
    with pytest.raises(dataclasses.FrozenInstanceError):
        Dispatch(1, Request(Verb.GET, "/x")).token = 2  # type: ignore[misc]
    assert SetTimer(1, 2.0) != SetTimer(2, 2.0)
