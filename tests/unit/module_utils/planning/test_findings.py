# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import pytest
from ansible_collections.openclarity.wasm_filters.plugins.module_utils.domain.errors import InputError
from ansible_collections.openclarity.wasm_filters.plugins.module_utils.planning.findings import (
    Findings,
    grouped,
    in_namespaces,
    several,
)


def test_one_error_is_one_sentence() -> None:
    found = Findings(errors=["x=1: must be 2"])
    assert found.message() == "Nothing was changed. x=1: must be 2"


def test_what_is_not_expected_is_not_hidden() -> None:
    with pytest.raises(ZeroDivisionError):
        Findings().attempt(lambda: 1 // 0)


def test_the_same_error_is_told_once() -> None:
    def refuse() -> None:
        raise InputError("x", 1, "must be 2")

    found = Findings()
    assert (found.attempt(refuse), found.attempt(refuse), found.attempt(lambda: 3)) == (None, None, 3)
    assert found.errors == ["x=1: must be 2"]


def test_many_names_are_cut_short_and_counted() -> None:
    assert several(["b", "a", "b"]) == "b, a"
    assert several(map(str, range(10))) == "0, 1, 2, 3, 4, 5, 6, 7 and 2 more"


def test_what_is_said_of_several_is_said_once() -> None:
    assert in_namespaces(["shop"]) == "namespace shop"
    found = grouped([("shop", "x"), ("pay", "y"), ("bank", "x")])
    assert found == [("x", "namespaces shop, bank"), ("y", "namespace pay")]
