"""A story, played: a run that is killed, the same again, once more, and everything taken out."""

from __future__ import annotations

import random
import threading
import time
import uuid
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.cluster import processes
from tests.cluster.conftest import PLAYBOOK_SECONDS, Collection, Outcome
from tests.cluster.kubectl import Kubectl, eventually
from tests.faults import judge, scene
from tests.faults.proxy import Proxy
from tests.faults.scene import Scene, State
from tests.faults.story import Kill, Step, Story
from tests.faults.troubles import AtWrite, Trouble

# An address outside: nothing has to listen, as no pod of these has a sidecar.
BACKEND = "203.0.113.7"
REMOVE = Step("remove")
QUOTA = "full"


@dataclass
class Played:
    """What came of a story. `killed`: it had not ended by itself before."""

    story: Story
    killed: bool = False
    # After what was killed: each namespace's verdict, in the words of the result file.
    verdicts: list[str] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    seconds: float = 0.0


class Player:
    """Plays one story."""

    def __init__(self, kubectl: Kubectl, folder: Path, proxy: Proxy, story: Story) -> None:
        self._kubectl, self._proxy, self._story = kubectl, proxy, story
        self._collection = Collection(kubectl, folder, BACKEND)
        rng = random.Random(f"scene {story.seed}")
        suffix = uuid.uuid4().hex[:6]
        names = [f"fault-{story.seed}-{number}-{suffix}" for number in range(story.namespaces)]
        self._scenes = [scene.draw(rng, name) for name in names]
        self._namespaces = ",".join(names)
        self._played = Played(story)

    def play(self) -> Played:
        begin = time.monotonic()
        try:
            self._play()
        except AssertionError as error:
            self._say(str(error))
        finally:
            self._kubectl(
                "delete", "namespace", "--wait=false", "--ignore-not-found", *self._namespaces.split(","), check=False
            )
        self._played.seconds = time.monotonic() - begin
        return self._played

    def _play(self) -> None:
        story = self._story
        for one in self._scenes:
            scene.put(self._kubectl, one)
        originals = self._states()
        foreign = [scene.untouched(self._kubectl, one) for one in self._scenes]
        if story.before:
            self._judged("before", story.before, self._run(story.before))
        if story.fails:
            self._no_more_pods(self._scenes[0])
        self._played.killed = self._run_killed(story.step, story.kill)
        if not story.waits:
            self._unlock()
        again = self._run(story.step)
        self._played.verdicts = list(again.verdicts.values())
        self._judged("again", story.step, again, may_fail=story.fails)
        if story.fails:
            self._kubectl("delete", "resourcequota", QUOTA, "-n", self._scenes[0].namespace)
            self._judged("without the quota", story.step, self._run(story.step))
        self._nothing_to_do(story.step)
        for one, before, now in zip(self._scenes, originals, self._states(), strict=True):
            self._say(*(f"{text} is gone" for text in scene.own_volumes_missing(now, before)), where=one.namespace)
        if story.step != REMOVE:
            self._judged("remove", REMOVE, self._run(REMOVE))
        for one, before, now in zip(self._scenes, originals, self._states(), strict=True):
            self._say(*judge.differences(before.workloads, now.workloads), where=one.namespace)
        for one, versions in zip(self._scenes, foreign, strict=True):
            now_there = scene.untouched(self._kubectl, one)
            self._say(*judge.differences(versions, now_there), where=f"{one.namespace}: of somebody else")

    def _states(self) -> list[State]:
        return [scene.state(self._kubectl, one) for one in self._scenes]

    def _run(self, step: Step) -> Outcome:
        return self._collection.run(
            f"playbooks/{step.playbook}.yml",
            self._namespaces,
            kubeconfig=self._proxy.kubeconfig,
            **self._backend(step),
            **step.variables,
        )

    def _backend(self, step: Step) -> dict[str, Any]:
        return {} if step == REMOVE else {"wasm_filter_trace_backend_address": BACKEND}

    def _run_killed(self, step: Step, kill: Kill) -> bool:
        """Whether it was still running."""
        over = threading.Event()

        def act() -> None:
            # How long it goes on, not a wait for something to happen.
            threading.Event().wait(kill.seconds)
            processes.kill(running.pid)
            over.set()

        trouble = self._proxy.trouble = AtWrite(kill.number, kill.moment, act)
        running = self._collection.begin(
            f"playbooks/{step.playbook}.yml",
            self._namespaces,
            kubeconfig=self._proxy.kubeconfig,
            **self._backend(step),
            **step.variables,
        )
        try:
            status = running.wait(PLAYBOOK_SECONDS)
        finally:
            processes.kill(running.pid)
            running.wait()
        # Its pid is not to be used again before `act` is done with it.
        assert not trouble.fired or over.wait(PLAYBOOK_SECONDS)
        self._proxy.trouble = Trouble()
        return status == -9

    def _judged(self, when: str, step: Step, outcome: Outcome, may_fail: bool = False) -> None:
        """A true verdict, and a good one where nothing keeps the run from it."""
        if not may_fail and outcome.status != 0:
            self._say(f"status {outcome.status}", outcome.output[-4000:], where=when)
        for one in self._scenes:
            now = scene.state(self._kubectl, one)
            entry = outcome.namespaces.get(one.namespace)
            if entry is None:
                self._say(f"no verdict of {one.namespace}", outcome.output[-4000:], where=when)
                continue
            self._say(*judge.lies(step, entry, now), where=f"{when}: {one.namespace}")
            if entry["verdict"] in judge.GOOD:
                # Who runs on is deleted last, and is Terminating for a moment.
                eventually("pods follow", lambda one=one, now=now: not scene.pods_that_lag(self._kubectl, one, now))  # type: ignore[misc]

    def _nothing_to_do(self, step: Step) -> None:
        begin = len(self._proxy.since())
        outcome = self._run(step)
        self._judged("once more", step, outcome)
        self._say(*(f"writes {one.request}" for one in self._proxy.writes(begin)), where="once more")
        verdicts = set(outcome.verdicts.values())
        if verdicts != {"unchanged"}:
            self._say(f"verdicts {verdicts}", outcome.output[-4000:], where="once more")

    def _unlock(self) -> None:
        """As somebody does who knows that the run is dead."""
        for one in self._scenes:
            self._kubectl("delete", "lease", scene.LEASE, "-n", one.namespace, "--ignore-not-found")

    def _no_more_pods(self, one: Scene) -> None:
        pods = len(self._kubectl.pods(one.namespace))
        metadata = {"name": QUOTA, "namespace": one.namespace}
        quota = {"apiVersion": "v1", "kind": "ResourceQuota", "metadata": metadata}
        self._kubectl.apply({**quota, "spec": {"hard": {"pods": str(pods)}}})

        def counted() -> Any:
            found = self._kubectl.get("resourcequota", QUOTA, "-n", one.namespace)
            return found.get("status", {}).get("used", {}).get("pods") == str(pods)

        eventually("the quota counts", counted)

    def _say(self, *problems: str, where: str = "") -> None:
        self._played.problems += [f"{where}: {text}" if where else text for text in problems]
