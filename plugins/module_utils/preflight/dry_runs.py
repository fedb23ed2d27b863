# SPDX-License-Identifier: Apache-2.0
"""Asks the API server what new pods would be, by a dry run of their creation: admission, and so injection, runs."""

from __future__ import annotations

from collections.abc import Hashable, Iterator
from dataclasses import dataclass, field

from ..cluster.api import ClusterApi
from ..domain.errors import ApiError, Unreachable
from ..domain.names import FilterNames
from ..planning.candidates import Candidate
from ..planning.injection import Injection, Refusal, of_pod, refusal

PODS = "/api/v1/namespaces/{}/pods"
# One that would not start tells nothing of the others that are alike: their namespace may have room.
ATTEMPTS = 3


@dataclass
class Answers:
    """Filled by several threads. `injections`: of the groups that were answered for.

    `not_starting`: what the API server says of a workload. `no_right`: namespaces in which nobody may ask.
    """

    injections: dict[Hashable, Injection] = field(default_factory=dict)
    not_starting: list[tuple[Candidate, str]] = field(default_factory=list)
    no_right: set[str] = field(default_factory=set)


def ask(api: ClusterApi, alike: list[Candidate], names: FilterNames, key: Hashable, answers: Answers) -> None:
    """One question for a group of workloads that are alike, into `answers` under `key`.

    :raises Unreachable: no answer at all.
    """
    for one in _attempts(alike):
        if one.namespace in answers.no_right:
            continue
        try:
            pod = api.create(PODS.format(one.namespace), one.pod(), names.field_manager, rehearsal=True)
        except Unreachable:
            raise
        except ApiError as error:
            why = refusal(error)
            if why == Refusal.BY_INJECTOR:
                answers.injections[key] = Injection(False, said=error.detail)
                return
            if why == Refusal.NO_RIGHT:
                answers.no_right.add(one.namespace)
            elif why == Refusal.WOULD_NOT_START:
                answers.not_starting.append((one, error.detail))
            continue
        answers.injections[key] = of_pod(pod, names)
        return


def _attempts(alike: list[Candidate]) -> Iterator[Candidate]:
    """The first of each namespace, of a few of them."""
    first: dict[str, Candidate] = {}
    for one in alike:
        first.setdefault(one.namespace, one)
        if len(first) == ATTEMPTS:
            break
    yield from first.values()
