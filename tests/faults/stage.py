# SPDX-License-Identifier: Apache-2.0
"""Namespaces, the runs in them through a proxy, and what is found wrong."""

from __future__ import annotations

import random
import uuid
from pathlib import Path
from typing import Any

from tests.cluster.conftest import Collection, Outcome
from tests.cluster.kubectl import Kubectl, eventually
from tests.faults import judge, scene
from tests.faults.proxy import Proxy
from tests.faults.scene import State
from tests.faults.story import REMOVE, Step

# An address outside: nothing has to listen, as no pod of these has a sidecar.
BACKEND = "203.0.113.7"
# Of what a run prints, where something is wrong.
OUTPUT_MAX = 4000


class Stage:
    """Namespaces as a seed has them. Begins with what the applications have; `problems` is what was found wrong."""

    def __init__(self, kubectl: Kubectl, folder: Path, proxy: Proxy, seed: int, count: int, more: int = 0) -> None:
        self.kubectl, self.proxy = kubectl, proxy
        self.collection = Collection(kubectl, folder, BACKEND)
        # A run that is killed takes nothing away: all of it lands here, the cache of the client too.
        folders = dict.fromkeys(("TMPDIR", "ANSIBLE_LOCAL_TEMP", "ANSIBLE_REMOTE_TEMP"), str(folder))
        self.collection.environment |= folders
        self.problems: list[str] = []
        rng, suffix = random.Random(f"scene {seed}"), uuid.uuid4().hex[:6]
        self.scenes = [scene.draw(rng, f"fault-{seed}-{number}-{suffix}", more) for number in range(count)]
        self.namespaces = ",".join(one.namespace for one in self.scenes)

    def set_up(self) -> None:
        for one in self.scenes:
            scene.put(self.kubectl, one)
        self._originals = self.states()
        self._foreign = [scene.untouched(self.kubectl, one) for one in self.scenes]

    def tear_down(self) -> None:
        names = self.namespaces.split(",")
        self.kubectl("delete", "namespace", "--wait=false", "--ignore-not-found", *names, check=False)

    def states(self) -> list[State]:
        return [scene.state(self.kubectl, one) for one in self.scenes]

    def arguments(self, step: Step) -> dict[str, Any]:
        """Of `Collection.run` and `Collection.begin`."""
        backend = {} if step == REMOVE else {"wasm_filter_trace_backend_address": BACKEND}
        return {
            "playbook": f"playbooks/{step.playbook}.yml",
            "namespaces": self.namespaces,
            "kubeconfig": self.proxy.kubeconfig,
            **backend,
            **step.variables,
        }

    def run(self, step: Step) -> Outcome:
        return self.collection.run(**self.arguments(step))

    def judged(self, when: str, step: Step, outcome: Outcome, may_fail: bool = False) -> None:
        """A true verdict, and a good one where nothing keeps the run from it."""
        if not may_fail and outcome.status != 0:
            self.say(f"status {outcome.status}", outcome.output[-OUTPUT_MAX:], where=when)
        for one in self.scenes:
            entry = outcome.namespaces.get(one.namespace)
            if entry is None:
                self.say(f"no verdict of {one.namespace}", outcome.output[-OUTPUT_MAX:], where=when)
                continue
            now = scene.state(self.kubectl, one)
            self.say(*judge.lies(step, entry, now), where=f"{when}: {one.namespace}")
            if entry["verdict"] in judge.GOOD:
                # The last of the old ones are on their way out for a moment.
                eventually("pods follow", lambda one=one, now=now: not scene.pods_that_lag(self.kubectl, one, now))  # type: ignore[misc]

    def converged(self, step: Step) -> None:
        """Another run has nothing to do and writes nothing; the applications have what is theirs."""
        begin = len(self.proxy.since())
        outcome = self.run(step)
        self.judged("once more", step, outcome)
        self.say(*(f"writes {one.request}" for one in self.proxy.writes(begin)), where="once more")
        if set(outcome.verdicts.values()) != {"unchanged"}:
            self.say(f"verdicts {outcome.verdicts}", outcome.output[-OUTPUT_MAX:], where="once more")
        for one, before, now in zip(self.scenes, self._originals, self.states(), strict=True):
            self.say(*(f"{text} is gone" for text in scene.own_volumes_missing(now, before)), where=one.namespace)

    def taken_out(self, step: Step) -> None:
        """After removal all is as it was, and nothing of others was touched at any time."""
        if step != REMOVE:
            self.judged("remove", REMOVE, self.run(REMOVE))
        for one, before, now in zip(self.scenes, self._originals, self.states(), strict=True):
            self.say(*judge.differences(before.workloads, now.workloads), where=one.namespace)
        for one, versions in zip(self.scenes, self._foreign, strict=True):
            there = scene.untouched(self.kubectl, one)
            self.say(*judge.differences(versions, there), where=f"{one.namespace}: of somebody else")

    def say(self, *problems: str, where: str = "") -> None:
        self.problems += [f"{where}: {text}" if where else text for text in problems]
