# SPDX-License-Identifier: Apache-2.0
"""The simulation finds mistakes: each of these, made in the engine on purpose, breaks an invariant."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from ansible_collections.openclarity.wasm_filters.plugins.module_utils.deliveries import (
    sidecar_volumes,
    workload_change,
)
from ansible_collections.openclarity.wasm_filters.plugins.module_utils.deliveries.delivery import Delivery
from ansible_collections.openclarity.wasm_filters.plugins.module_utils.deliveries.removal import Removal
from ansible_collections.openclarity.wasm_filters.plugins.module_utils.engine import (
    came_back,
    last_checks,
    lease,
    lock,
    locks,
    namespace,
    object_steps,
    reading,
    rollback,
    run,
    taking_back,
    wave_run,
    workload,
)
from ansible_collections.openclarity.wasm_filters.plugins.module_utils.kinds import daemon_set, deployment, stateful_set
from ansible_collections.openclarity.wasm_filters.plugins.module_utils.probes.proof import Proof, Samples

from tests.simulation.play import TOGETHER_EVERY, play
from tests.simulation.together import play_together

Patch = pytest.MonkeyPatch
SEEDS_MAX = 1_200
# Few of their pods meet what shows these.
SEEDS_OF_PROOF_MAX = 1_500


def patched(owner: Any, name: str, change: Callable[[Any], Any]) -> Callable[[Patch], None]:
    """`change` gets what is there, and gives what is there instead."""

    def apply(monkeypatch: Patch) -> None:
        monkeypatch.setattr(owner, name, change(getattr(owner, name)))

    return apply


def constant(value: Any) -> Callable[[Any], Any]:
    return lambda _sound: lambda *_arguments, **_options: value


def without_before(sound: Any) -> Any:
    """What the status said of the former template is taken for the new one's."""

    def changed(*arguments: Any) -> Any:
        state, commands = sound(*arguments)
        return replace(state, before=None), commands

    return changed


def old_body_on_the_new_version(sound: Any) -> Any:
    """A conflict is answered by sending the same again, with the version that it is now."""

    def changed(state: Any, found: Any, now: float, context: Any) -> Any:
        body = state.change.body
        if found is None or body is None or found["metadata"]["uid"] != state.object["metadata"]["uid"]:
            return sound(state, found, now, context)
        metadata = {**body["metadata"], "resourceVersion": found["metadata"]["resourceVersion"]}
        again = replace(state, change=replace(state.change, body={**body, "metadata": metadata}))
        return workload._sent(again, context, now)

    return changed


def without(*keys: str) -> Callable[[Any], Any]:
    def change(sound: Any) -> Any:
        return lambda *arguments: {key: value for key, value in sound(*arguments).items() if key not in keys}

    return change


def reversed_steps(sound: Any) -> Any:
    return lambda *arguments: sound(*arguments)[::-1]


def no_error_is_one(_sound: Any) -> Any:
    return lambda _self, _one, _scope, _error: []


def one_more(sound: Any) -> Any:
    return lambda *arguments, **options: sound(*arguments, **options) + 1


def not_observed(monkeypatch: Patch) -> None:
    """The status is believed before the controller has seen the change."""
    for kind in (deployment, stateful_set, daemon_set):
        monkeypatch.setattr(kind, "observed", lambda _workload: True)


FAULTS: dict[str, Callable[[Patch], None]] = {
    # The mistakes behind what users have met.
    "what was put back is not seen": patched(workload, "_reverted", constant(False)),
    "what was deleted is said to be done": patched(workload, "_gone", lambda _sound: _said_to_be_done),
    "a stale progress condition fails a workload": patched(workload, "_patched", without_before),
    "a patch does not say of which version it is": patched(workload_change, "_identity", without("resourceVersion")),
    # One rule each.
    "a patch does not say of which object it is": patched(workload_change, "_identity", without("uid")),
    "a conflict is overwritten": patched(workload, "_planned_again", old_body_on_the_new_version),
    "one more at a time than allowed": patched(wave_run, "free_slots", one_more),
    "the status of the former template counts": not_observed,
    "a wave is begun after one that failed": patched(run, "next_may_begin", constant(True)),
    "the other delivery's EnvoyFilter goes last": patched(Delivery, "steps_before", reversed_steps),
    "objects of others are taken for ours": patched(object_steps, "_is_ours", constant(True)),
    "revisions in use are deleted": patched(namespace, "_history_read", lambda _sound: _nothing_is_used),
    "an application's text is not given back": patched(sidecar_volumes, "_same", constant(False)),
    "a LIST that failed is an empty one": patched(reading.Reading, "_refused", no_error_is_one),
    "a policy that drops ours is not seen": patched(workload_change, "missing", constant([])),
    "a stop is not heard": patched(run.Run, "_stop", constant(None)),
    "a removal leaves its objects": patched(Removal, "steps_after", constant([])),
    "what others have made of objects is not looked at": patched(
        last_checks, "compared", lambda _sound: lambda state, _found: state
    ),
    "what is held is said to be done": patched(workload, "_releasing", lambda _sound: _said_to_be_done),
}

# Of what is said of pods.
FAULTS_OF_PROOF: dict[str, Callable[[Patch], None]] = {
    "the gauge alone proves a revision": patched(
        Samples,
        "proved",
        lambda _sound: property(lambda one: one.last is not None and one.last.revision == one.revision),
    ),
    "chains that drain count": patched(Samples, "may_be_of_before", lambda _sound: property(lambda _one: False)),
    "what was stopped is not proved and said to be done": patched(
        namespace, "stopped", lambda sound: lambda state, unanswered, _unproved=False: sound(state, unanswered)
    ),
}

# Of what is taken back.
FAULTS_OF_ROLLBACK: dict[str, Callable[[Patch], None]] = {
    "the application's own annotations are not given back": patched(
        workload_change, "_rest", lambda _sound: _nothing_kept
    ),
    "what came before a revision is forgotten on the way back": patched(
        workload_change, "_history", lambda sound: lambda *arguments: [] if arguments[-1] else sound(*arguments)
    ),
    "what was ill before takes the wave back": patched(rollback, "_ill_before", constant(())),
    "a silent pod takes the wave back": patched(rollback, "_of_namespace", lambda sound: _silent_counts(sound)),
    "objects go while a workload is on them": patched(taking_back.TakingBack, "_took", constant(False)),
    "nothing is ever taken back": patched(rollback, "_can_go_back", constant(False)),
    "nobody looks at what came back": patched(came_back, "_is_bare", constant(False)),
    "all that came back has no sidecar": patched(came_back, "_is_bare", constant(True)),
    "nobody asks what came back": patched(came_back.CameBack, "_expected", constant(None)),
    "what came back is asked for another revision": patched(
        came_back.CameBack, "_expected", lambda sound: _another(sound)
    ),
    "what went back is not asked again": patched(came_back.CameBack, "note", constant(None)),
}

# Where two runs at once show it, or somebody who takes a Lease away.
FAULTS_OF_LOCKS: dict[str, Callable[[Patch], None]] = {
    "a lock that another has is taken": patched(lease, "seconds", constant(0.0)),
    "what is locked is not read again": patched(wave_run.WaveRun, "locked", lambda _sound: _goes_on_as_read),
    "a lock is not looked at before a write": lambda monkeypatch: _unnoticed(monkeypatch),
    "a lock is not given back": patched(lock, "release", lambda _sound: lambda state, _now: (lock.abandon(state), [])),
    "a lock is not renewed": patched(lock, "_renew", lambda _sound: lambda state, _now: (state, [])),
}


def _nothing_kept(kind: Any, workload: Any, names: Any) -> Any:
    return sidecar_volumes.without(workload_change._volumes(kind, workload), [names]), {}


def _another(sound: Any) -> Any:
    def changed(self: Any, name: str) -> Any:
        found = sound(self, name)
        others = {
            revision: replace(one, expected=replace(one.expected, revision="00000000ff"))
            for revision, one in (found.by_revision if found else {}).items()
        }
        return found and replace(found, by_revision=others)

    return changed


def _silent_counts(sound: Any) -> Any:
    def changed(one: Any, found: Any) -> Any:
        proofs = tuple(replace(proof, proof=Proof.DISPROVED) if proof.fails else proof for proof in one.state.proofs)
        return sound(replace(one, state=replace(one.state, proofs=proofs)), found)

    return changed


def _goes_on_as_read(self: Any, name: str, _note: str, now: float) -> None:
    self._members.waiting.discard(name)
    state = self._members.namespaces[name] = replace(self._members.namespaces[name], locked=True)
    self._go(state, now)


def _unnoticed(monkeypatch: Patch) -> None:
    monkeypatch.setattr(locks.Locks, "held", constant(True)(None))
    monkeypatch.setattr(wave_run.WaveRun, "not_locked", constant(None)(None))


def _nothing_is_used(state: Any, _message: Any, now: float) -> Any:
    return namespace._cleanup(state, now)


def _said_to_be_done(state: Any, *_context_and_now: Any) -> Any:
    outcome = "deployed" if state.outcome == "held" else state.outcome
    return replace(state, phase=workload.Phase.ROLLED, outcome=outcome, reason=""), []


@pytest.mark.parametrize("fault", FAULTS)
def test_a_deliberate_fault_is_found(monkeypatch: Patch, fault: str) -> None:
    FAULTS[fault](monkeypatch)
    found = next((seed for seed in itertools.count() if seed >= SEEDS_MAX or play(seed).violations), SEEDS_MAX)
    assert found < SEEDS_MAX, f"{fault}: not found by {SEEDS_MAX} seeds"


@pytest.mark.parametrize("fault", FAULTS_OF_PROOF)
def test_a_deliberate_fault_of_proof_is_found(monkeypatch: Patch, fault: str) -> None:
    FAULTS_OF_PROOF[fault](monkeypatch)
    found = (seed for seed in range(SEEDS_OF_PROOF_MAX) if play(seed).violations)
    assert next(found, None) is not None, f"{fault}: not found by {SEEDS_OF_PROOF_MAX} seeds"


@pytest.mark.parametrize("fault", FAULTS_OF_ROLLBACK)
def test_a_deliberate_fault_of_rollback_is_found(monkeypatch: Patch, fault: str) -> None:
    FAULTS_OF_ROLLBACK[fault](monkeypatch)
    found = (seed for seed in range(SEEDS_OF_PROOF_MAX) if play(seed).violations)
    assert next(found, None) is not None, f"{fault}: not found by {SEEDS_OF_PROOF_MAX} seeds"


@pytest.mark.parametrize("fault", FAULTS_OF_LOCKS)
def test_a_deliberate_fault_of_locks_is_found(monkeypatch: Patch, fault: str) -> None:
    FAULTS_OF_LOCKS[fault](monkeypatch)
    found = (seed for seed in range(SEEDS_MAX) if play_together(seed).violations or play(seed).violations)
    assert next(found, None) is not None, f"{fault}: not found by {SEEDS_MAX} seeds"


def test_an_event_that_nobody_hears_is_found(monkeypatch: Patch) -> None:
    # Only a lost answer and a slow one together show it.
    monkeypatch.setattr(workload, "_unread", constant(None)(None))
    seeds = range(0, SEEDS_MAX * 4, TOGETHER_EVERY)
    assert any(play(seed).violations for seed in seeds), f"not found by {len(seeds)} seeds"
