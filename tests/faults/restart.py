# SPDX-License-Identifier: Apache-2.0
"""An API server that is killed in the middle of a wave, and started again."""

from __future__ import annotations

import random
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path

from testbed.client import Mesh
from tests.cluster.kubectl import Kubectl
from tests.faults.proxy import Proxy
from tests.faults.stage import Stage
from tests.faults.story import REMOVE, Step
from tests.faults.troubles import AtWrite, Moment, Trouble

# Of one namespace; a wave of so many has some that are under way wherever it is met.
WORKLOADS_MORE = 8
# As where the machine of a control plane is started anew. And the controllers alone would take up to a minute to look
# again after an API server that was away, and hold KWOK's node for dead meanwhile, whose pods never get ready again.
CONTROL_PLANE = ("apiserver", "controller-manager", "scheduler", "kwok")
# A run waits for a lock that long, as long as its own lasts.
LOCK_SECONDS = 30.0


@dataclass(frozen=True)
class Outage:
    """`step` meets it about its n-th write, and it lasts so long, besides what the API server takes to start."""

    seed: int
    step: Step
    number: int
    moment: Moment
    seconds: float

    def __str__(self) -> str:
        return f"{self.step}, API server killed {self.moment.value} write {self.number}, for {self.seconds:.1f} s"


@dataclass
class Played:
    """What came of it. `verdicts`: of the run that met it."""

    outage: Outage
    verdicts: list[str] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    seconds: float = 0.0


def draw(seed: int) -> Outage:
    """Every fourth is longer than a lock stands."""
    rng = random.Random(f"outage {seed}")
    step = REMOVE if seed % 2 else Step("deploy", bodies="off")
    seconds = LOCK_SECONDS + 5 if seed % 4 == 2 else rng.uniform(0.5, 6.0)
    return Outage(seed, step, rng.randint(2, 12), rng.choice(list(Moment)), seconds)


def play(mesh: Mesh, folder: Path, outage: Outage) -> Played:
    """On a mesh that nobody else uses meanwhile."""
    begin = time.monotonic()
    played = Played(outage)
    with Proxy(mesh.layout.kubeconfig, folder) as proxy:
        stage = Stage(Kubectl(mesh.layout), folder, proxy, outage.seed, 1, WORKLOADS_MORE)
        try:
            _play(mesh, stage, outage, played)
        except AssertionError as error:
            stage.say(str(error))
        finally:
            stage.tear_down()
    played.problems, played.seconds = stage.problems, time.monotonic() - begin
    return played


def _play(mesh: Mesh, stage: Stage, outage: Outage, played: Played) -> None:
    stage.set_up()
    if outage.step == REMOVE:
        deploy = Step("deploy")
        stage.judged("before", deploy, stage.run(deploy))
    down, up = threading.Event(), threading.Event()

    def fail() -> None:
        with mesh.killed(*CONTROL_PLANE):
            down.set()
            # Not a wait for something to happen: this is how long the fault lasts.
            threading.Event().wait(outage.seconds)
        up.set()

    def act() -> None:
        threading.Thread(target=fail, daemon=True).start()
        down.wait()

    trouble = stage.proxy.trouble = AtWrite(outage.number, outage.moment, act)
    outcome = stage.run(outage.step)
    stage.proxy.trouble = Trouble()
    assert trouble.fired, f"the run had fewer than {outage.number} writes: {outcome.output}"
    assert up.wait(120), "the API server does not come back"
    played.verdicts = list(outcome.verdicts.values())
    if outage.seconds < LOCK_SECONDS:
        stage.judged("in the outage", outage.step, outcome)
    else:
        # A run that has lost its lock may leave it to expire.
        reasons = {(one["verdict"], one["reason"]) for one in outcome.namespaces.values()}
        if reasons != {("failed", "lock_lost")}:
            stage.say(f"{reasons}", outcome.output, where="in the outage")
    again = stage.run(outage.step)
    stage.judged("again", outage.step, again)
    stage.converged(outage.step)
    stage.taken_out(outage.step)
