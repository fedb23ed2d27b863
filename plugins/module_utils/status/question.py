# SPDX-License-Identifier: Apache-2.0
"""What is asked of the module `status`, checked as far as that needs no cluster. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from ..domain.names import FilterNames
from ..planning import role_variables
from ..planning.findings import Findings
from ..planning.request import namespace_names


@dataclass(frozen=True)
class Question:
    """Empty means all. `proof`: whether the pods' sidecars are asked too."""

    namespaces: tuple[str, ...] = ()
    filter_name: str = ""
    proof: bool = True


def check(params: dict[str, Any], found: Findings) -> Question | None:
    """None, and what is wrong in `found.errors`, if it can't be answered."""
    namespaces: list[str] | None = []
    if _named(params["namespaces"]):
        namespaces = found.attempt(lambda: namespace_names(params["namespaces"]))
    if params["filter_name"]:
        found.attempt(lambda: FilterNames(params["filter_name"]))
    found.errors += params["refused"]
    found.errors += role_variables.unknown_names(params["variables_given"], params["variables_known"])
    own = {"wasm_filter_status_file": params["status_file"], "wasm_filter_status_proof": params["proof"]}
    variables = {**params["variables"], **own}
    found.errors += [str(error) for error in role_variables.wrong_values(variables)]
    if found.errors:
        return None
    return Question(tuple(namespaces or ()), params["filter_name"], role_variables.is_true(params["proof"]))


def _named(value: Any) -> bool:
    return bool(value.strip(", ") if isinstance(value, str) else value)
