# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.openclarity.wasm_filters.plugins.module_utils.domain.errors import Unreachable, api_error
from ansible_collections.openclarity.wasm_filters.plugins.module_utils.planning.candidates import Candidate
from ansible_collections.openclarity.wasm_filters.plugins.module_utils.planning.injection import Injection
from ansible_collections.openclarity.wasm_filters.plugins.module_utils.preflight.dry_runs import ATTEMPTS, Answers, ask

from tests.unit.module_utils.preflight.read_only_api import ReadOnlyApi
from tests.unit.objects import NAMES, kind_of, workload

NO_RIGHT = 'User "me" cannot create resource "pods" in API group "" in the namespace "shop"'
QUOTA = 'pods "web-" is forbidden: exceeded quota'
INJECTOR = 'failed calling webhook "namespace.sidecar-injector.istio.io": connection refused'


def candidate(namespace: str = "shop", name: str = "web") -> Candidate:
    entry = workload(namespace, name)
    entry["metadata"]["uid"] = "u"
    return Candidate(namespace, kind_of(entry), entry, entry["spec"]["template"])


def asked(api: ReadOnlyApi, *alike: Candidate, answers: Answers | None = None) -> Answers:
    answers = answers or Answers()
    ask(api, list(alike), NAMES, "key", answers)
    return answers


class Refusing(ReadOnlyApi):
    """Refuses the creation of pods in some namespaces, in some words."""

    def __init__(self, **namespaces: tuple[int, str]) -> None:
        super().__init__()
        self.namespaces = namespaces

    def create(self, path: str, body: dict[str, Any], manager: str, rehearsal: bool = False) -> dict[str, Any]:
        found = super().create(path, body, manager, rehearsal)
        namespace = body["metadata"]["namespace"]
        if namespace in self.namespaces:
            raise api_error("post pods", *self.namespaces[namespace])
        return found


def test_one_question_for_all_that_are_alike() -> None:
    api = ReadOnlyApi()
    answers = asked(api, candidate(name="a"), candidate(name="b"), candidate("pay", "c"))
    assert answers.injections == {"key": Injection(True, True, "default")}
    assert api.requests == ["REHEARSE /api/v1/namespaces/shop/pods"]
    assert api.tried[0]["metadata"]["generateName"] == "a-"


def test_without_the_right_in_a_namespace_it_is_asked_in_another() -> None:
    api = Refusing(shop=(403, NO_RIGHT))
    answers = asked(api, candidate("shop"), candidate("pay"))
    assert (answers.no_right, list(answers.injections), answers.not_starting) == ({"shop"}, ["key"], [])
    # Nobody asks there again.
    asked(api, candidate("shop"), candidate("pay"), answers=answers)
    assert [pod["metadata"]["namespace"] for pod in api.tried] == ["shop", "pay", "pay"]


def test_a_pod_that_would_not_start_says_nothing_of_a_sidecar() -> None:
    api = Refusing(shop=(403, QUOTA))
    answers = asked(api, candidate("shop"), candidate("pay"))
    assert [(one.namespace, said) for one, said in answers.not_starting] == [("shop", QUOTA)]
    assert answers.injections["key"].proxy
    alone = asked(api, candidate("shop"))
    assert (alone.injections, len(alone.not_starting), alone.no_right) == ({}, 1, set())


def test_what_the_injector_itself_refuses_gets_no_sidecar() -> None:
    answers = asked(Refusing(shop=(500, INJECTOR)), candidate("shop"), candidate("pay"))
    assert answers.injections == {"key": Injection(False, said=INJECTOR)}


def test_a_few_attempts_are_enough() -> None:
    names = [f"n{number}" for number in range(10)]
    api = Refusing(**dict.fromkeys(names, (403, QUOTA)))
    answers = asked(api, *map(candidate, names))
    assert len(api.tried) == len(answers.not_starting) == ATTEMPTS


def test_no_answer_is_told() -> None:
    with pytest.raises(Unreachable):
        asked(Refusing(shop=(0, "timed out")), candidate())
