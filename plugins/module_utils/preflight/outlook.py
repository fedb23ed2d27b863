# SPDX-License-Identifier: Apache-2.0
"""What becomes of a run's workloads once their pods are replaced: asked of the cluster, before any is."""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial

from ..cluster.api import ClusterApi
from ..deliveries import workload_change
from ..deliveries.registry import DELIVERIES
from ..domain.plan import State
from ..domain.revision import UNKNOWN
from ..planning.candidates import Candidate, Change, alike, candidates
from ..planning.eligibility import Judged
from ..planning.findings import NAMES_MAX, Findings, grouped, in_namespaces
from ..planning.injection import Injection, by_labels, by_webhooks, namespace_asks
from ..planning.injectors import Injectors
from ..planning.request import Request
from . import dry_runs, mesh
from .dry_runs import Answers
from .lists import Workloads
from .mesh import ControlPlane
from .parallel import each

Labels = Mapping[str, Mapping[str, str]]


@dataclass
class Outlook:
    """`judged`: the workloads that would be changed, and what new pods of theirs would get."""

    judged: list[Judged] = field(default_factory=list)

    def by_namespace(self) -> dict[str, list[Injection]]:
        found: dict[str, list[Injection]] = {}
        for one, injection in self.judged:
            found.setdefault(one.namespace, []).append(injection)
        return found


def namespaces_to_ask(request: Request, labels: Labels) -> list[str]:
    """Where no pod is replaced, only those are in question that don't ask for sidecars themselves."""
    if restarts(request):
        return list(labels)
    return [name for name, those in labels.items() if not namespace_asks(those)]


def restarts(request: Request) -> bool:
    """Whether the run replaces pods."""
    return request.state != State.PRESENT or DELIVERIES[request.filter.delivery.value].restarts_pods


def look_ahead(
    api: ClusterApi,
    request: Request,
    labels: Labels,
    workloads: Workloads,
    control_plane: ControlPlane,
    found: Findings,
) -> Outlook:
    """By dry runs; where these are not allowed by the injectors' webhooks, else by labels, which is said.

    :param labels: of each namespace.
    :param workloads: of the namespaces to ask about.
    """
    injectors = control_plane.injectors
    changed = list(candidates(workloads, _change(request)))
    groups = alike(changed, labels, None if control_plane.labels_decide else injectors)
    # Whose sidecars run now is asked meanwhile.
    names = list(dict.fromkeys(one.namespace for one in changed)) if restarts(request) else []
    running: dict[str, set[str]] = {}
    answers = Answers()
    questions = [partial(dry_runs.ask, api, those, request.names, key, answers) for key, those in groups.items()]
    questions += [partial(_running, api, name, running) for name in names]
    each(lambda question: question(), questions)
    outlook = Outlook()
    for key, those in groups.items():
        answered = answers.injections.get(key)
        outlook.judged += [(one, answered or _presumed(one, labels[one.namespace], injectors)) for one in those]
    found.warnings += _by_labels(groups, answers) if injectors is None else ()
    found.warnings += _not_starting(answers.not_starting)
    found.warnings += _other_sidecars(running, request.state, outlook)
    return outlook


def _change(request: Request) -> Change | None:
    if request.state != State.PRESENT:
        return partial(workload_change.remove, names=request.names)
    if not restarts(request):
        return None
    # The revision is not known yet; a pod of any other would be the same.
    return partial(workload_change.deploy, names=request.names, revision=UNKNOWN, selector=request.filter.selector)


def _presumed(one: Candidate, labels: Mapping[str, str], injectors: Injectors | None) -> Injection:
    return by_webhooks(injectors, labels, one.labels) if injectors else by_labels(labels, one.labels)


def _by_labels(groups: Mapping[Hashable, list[Candidate]], answers: Answers) -> Iterator[str]:
    unanswered = [one for key, those in groups.items() if key not in answers.injections for one in those]
    names = [one.namespace for one in unanswered if one.namespace in answers.no_right]
    if names:
        yield (
            f"{in_namespaces(names)}: whether new pods get a sidecar is judged by labels alone, as you may neither try "
            "to create pods nor read MutatingWebhookConfigurations; docs/rbac/preflight.yml has these rights"
        )


def _not_starting(found: list[tuple[Candidate, str]]) -> Iterator[str]:
    """One of each namespace, of as many as people read."""
    first = {one.namespace: (one, said) for one, said in reversed(found)}
    for one, said in list(first.values())[:NAMES_MAX]:
        yield (
            f"namespace {one.namespace}: a new pod of {one.kind.kind}/{one.name} would not be created as things are, "
            f"which may end its rollout: {said}"
        )
    if len(first) > NAMES_MAX:
        yield f"the same in {len(first) - NAMES_MAX} more namespaces"


def _running(api: ClusterApi, namespace: str, found: dict[str, set[str]]) -> None:
    found[namespace] = mesh.running_revisions(api, namespace)


def _other_sidecars(running: Mapping[str, set[str]], state: State, outlook: Outlook) -> Iterator[str]:
    """What a restart brings beside the filter: another istiod's sidecars, or, at a removal, none."""
    changes: list[tuple[str, str]] = []
    injections_of = outlook.by_namespace()
    for name in running:
        injections = injections_of[name]
        coming = {one.revision for one in injections if one.proxy and one.revision}
        if running[name] and coming - running[name]:
            was, becomes = (", ".join(sorted(those)) for those in (running[name], coming - running[name]))
            changes.append((name, f"sidecars are of istiod revision {was}; pods that are replaced get {becomes}"))
        if state != State.PRESENT and running[name] and not any(one.proxy for one in injections):
            changes.append((name, "pods have sidecars; those that take their place get none"))
    for said, where in grouped(changes):
        yield f"{where}: {said}"
