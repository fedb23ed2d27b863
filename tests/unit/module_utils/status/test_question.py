# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.openclarity.wasm_filters.plugins.module_utils.planning.findings import Findings
from ansible_collections.openclarity.wasm_filters.plugins.module_utils.status.question import Question, check


def asked(**given: Any) -> tuple[Question | None, list[str]]:
    params: dict[str, Any] = {"namespaces": [], "filter_name": "", "status_file": "", "proof": True, "refused": []}
    found = Findings()
    params |= {"variables": {}, "variables_given": [], "variables_known": []} | given
    return check(params, found), found.errors


@pytest.mark.parametrize("nothing", [[], "", " ", None, ","])
def test_nothing_named_is_all(nothing: Any) -> None:
    assert asked(namespaces=nothing) == (Question(), [])


@pytest.mark.parametrize("given", ["shop, pay", ["shop", "pay"], "shop pay shop"])
def test_names_in_any_form(given: Any) -> None:
    assert asked(namespaces=given, filter_name="audit") == (Question(("shop", "pay"), "audit"), [])


@pytest.mark.parametrize(("given", "proof"), [(True, True), ("no", False), ("true", True)])
def test_whether_sidecars_are_asked(given: Any, proof: bool) -> None:
    assert asked(proof=given) == (Question(proof=proof), [])


def test_all_that_is_wrong_is_told_at_once() -> None:
    question, errors = asked(
        namespaces="Shop",
        filter_name="A B",
        status_file=5,
        proof="auto",
        refused=["words"],
        variables={"wasm_filter_fail_on_drift": "perhaps"},
        variables_given=["wasm_filter_status_fle"],
        variables_known=["wasm_filter_status_file"],
    )
    assert question is None
    for said in (
        "Shop",
        "wasm_filter_name='A B'",
        "wasm_filter_status_file=5",
        "status_proof='auto'",
        "words",
        "perhaps",
        "status_fle",
    ):
        assert sum(said in error for error in errors) == 1, said
