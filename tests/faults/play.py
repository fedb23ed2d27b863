# SPDX-License-Identifier: Apache-2.0
"""A story, played: a run that is killed, the same again, once more, and everything taken out."""

from __future__ import annotations

import signal
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.cluster import processes
from tests.cluster.conftest import PLAYBOOK_SECONDS
from tests.cluster.kubectl import Kubectl, eventually
from tests.faults.proxy import Proxy
from tests.faults.scene import LEASE
from tests.faults.stage import Stage
from tests.faults.story import Kill, Step, Story
from tests.faults.troubles import AtWrite, Trouble

QUOTA = "full"
CONTROLLERS_SECONDS = 300.0


@dataclass
class Played:
    """What came of a story. `killed`: it had not ended by itself before."""

    story: Story
    killed: bool = False
    # After what was killed: each namespace's verdict, in the words of the result file.
    verdicts: list[str] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    seconds: float = 0.0


def play(kubectl: Kubectl, folder: Path, proxy: Proxy, story: Story) -> Played:
    """In namespaces of its own, which are gone afterwards."""
    begin = time.monotonic()
    played = Played(story)
    stage = Stage(kubectl, folder, proxy, story.seed, story.namespaces)
    try:
        _play(stage, story, played)
    except AssertionError as error:
        stage.say(str(error))
    finally:
        stage.tear_down()
    played.problems, played.seconds = stage.problems, time.monotonic() - begin
    return played


def _play(stage: Stage, story: Story, played: Played) -> None:
    stage.set_up()
    if story.before:
        stage.judged("before", story.before, stage.run(story.before))
    if story.quota is not None:
        _no_more_pods(stage, story.quota)
    played.killed = _run_killed(stage, story.step, story.kill)
    if not story.waits:
        _unlock(stage)
    again = stage.run(story.step)
    played.verdicts = list(again.verdicts.values())
    stage.judged("again", story.step, again, may_fail=story.quota is not None)
    if story.quota is not None:
        _pods_again(stage)
        stage.judged("without the quota", story.step, stage.run(story.step))
    stage.converged(story.step)
    stage.taken_out(story.step)


def _run_killed(stage: Stage, step: Step, kill: Kill) -> bool:
    """Whether it was still running."""
    over = threading.Event()

    def act() -> None:
        # How long it goes on, not a wait for something to happen.
        threading.Event().wait(kill.seconds)
        # Its pid may be another's once it is over.
        if running.poll() is None:
            processes.kill(running.pid)
        over.set()

    trouble = stage.proxy.trouble = AtWrite(kill.number, kill.moment, act)
    running = stage.collection.begin(**stage.arguments(step))
    try:
        running.wait(PLAYBOOK_SECONDS)
    finally:
        stage.proxy.trouble = Trouble()
        if running.returncode is None:
            processes.kill(running.pid)
            running.wait()
    # Its children are killed before it, but `act` may have come when it was over.
    assert not trouble.fired or over.wait(PLAYBOOK_SECONDS)
    return running.returncode == -signal.SIGKILL


def _unlock(stage: Stage) -> None:
    """As somebody does who knows that the run is dead."""
    for one in stage.scenes:
        stage.kubectl("delete", "lease", LEASE, "-n", one.namespace, "--ignore-not-found")


def _pods_again(stage: Stage) -> None:
    """Waited for: controllers try again ever more seldom, and until they have, what they say of the quota stands."""
    one = stage.scenes[0]
    stage.kubectl("delete", "resourcequota", QUOTA, "-n", one.namespace)

    def up() -> bool:
        # A change of what they look after makes them try now. One that has gone since they were listed is an error.
        touch = ("annotate", "replicasets,pods", "--all", "-n", one.namespace, f"now={time.time()}", "--overwrite")
        stage.kubectl(*touch, check=False)
        found = stage.kubectl.get("deployments,statefulsets,daemonsets", "-n", one.namespace)["items"]
        return all(_is_up(entry["spec"], entry["status"]) for entry in found)

    eventually("pods come up without the quota", up, CONTROLLERS_SECONDS)


def _is_up(spec: dict[str, Any], status: dict[str, Any]) -> bool:
    """Of any of the three kinds; and its last rollout is over."""
    wanted = spec.get("replicas", status.get("desiredNumberScheduled"))
    ready = status.get("readyReplicas", status.get("numberReady", 0))
    refused = [one for one in status.get("conditions", []) if one["type"] == "ReplicaFailure"]
    updated = status.get("updatedReplicas", status.get("updatedNumberScheduled", 0))
    return bool(ready == updated == wanted and not refused)


def _no_more_pods(stage: Stage, less: int) -> None:
    """A quota that is used up, in the first namespace."""
    namespace = stage.scenes[0].namespace
    pods = len(stage.kubectl.pods(namespace))
    quota = {"apiVersion": "v1", "kind": "ResourceQuota", "metadata": {"name": QUOTA, "namespace": namespace}}
    stage.kubectl.apply({**quota, "spec": {"hard": {"pods": str(max(0, pods - less))}}})

    def counted() -> bool:
        found = stage.kubectl.get("resourcequota", QUOTA, "-n", namespace)
        return bool(found.get("status", {}).get("used", {}).get("pods") == str(pods))

    eventually("the quota counts", counted)
