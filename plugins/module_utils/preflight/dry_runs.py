"""Asks the API server what new pods would be, by a dry run of their creation: admission, and so injection, runs."""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Mapping
from dataclasses import dataclass, field

from ..cluster.api import ClusterApi
from ..domain.errors import ApiError, Unreachable
from ..domain.names import FilterNames
from ..planning.candidates import Candidate
from ..planning.injection import Injection, Refusal, of_pod, refusal
from .parallel import each

PODS = "/api/v1/namespaces/{}/pods"
# One that would not start tells nothing of the others that are alike: their namespace may have room.
ATTEMPTS = 3


@dataclass
class Answers:
    """`injections`: of the groups that were answered for. `not_starting`: what the API server says of a workload.

    `no_right`: namespaces in which nobody may ask.
    """

    injections: dict[Hashable, Injection] = field(default_factory=dict)
    not_starting: list[tuple[Candidate, str]] = field(default_factory=list)
    no_right: set[str] = field(default_factory=set)


def ask(api: ClusterApi, groups: Mapping[Hashable, list[Candidate]], names: FilterNames) -> Answers:
    """One question for each group of workloads that are alike.

    :raises Unreachable: no answer at all.
    """
    answers = Answers()

    def ask_of(key: Hashable) -> None:
        for one in _attempts(groups[key]):
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

    each(ask_of, groups)
    return answers


def _attempts(alike: list[Candidate]) -> Iterator[Candidate]:
    """The first of each namespace, of a few of them."""
    first: dict[str, Candidate] = {}
    for one in alike:
        first.setdefault(one.namespace, one)
        if len(first) == ATTEMPTS:
            break
    yield from first.values()
