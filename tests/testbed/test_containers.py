# SPDX-License-Identifier: Apache-2.0
"""What a kubelet would do next, without a cluster."""

from __future__ import annotations

from typing import Any

import pytest

from testbed.node.containers import Container, Phase, Role, finished, from_pod, initialized, to_start


def containers(*inits: dict[str, Any]) -> list[Container]:
    return from_pod({"spec": {"initContainers": list(inits), "containers": [{"name": "app"}]}})


SIDECAR = {"name": "proxy", "restartPolicy": "Always"}
PROBED_SIDECAR = {**SIDECAR, "startupProbe": {}}


def names(found: list[Container]) -> list[str]:
    return [container.name for container in found]


def test_init_containers_run_one_after_the_other() -> None:
    all_of_it = containers({"name": "first"}, {"name": "second"})
    assert names(to_start(all_of_it, now=0)) == ["first"]
    all_of_it[0].begin(0)
    assert to_start(all_of_it, now=0) == []
    all_of_it[0].end(0, now=1)
    assert names(to_start(all_of_it, now=1)) == ["second"]


def test_application_waits_for_its_sidecars_startup_probe() -> None:
    proxy, _ = pod = containers(PROBED_SIDECAR)
    proxy.begin(0)
    assert to_start(pod, now=0) == []
    proxy.started = proxy.once_started = True
    assert names(to_start(pod, now=0)) == ["app"]


def test_sidecar_that_restarts_does_not_hold_the_application() -> None:
    proxy, _ = pod = containers(PROBED_SIDECAR)
    proxy.begin(0)
    proxy.started = proxy.once_started = True
    proxy.end(1, now=1)
    proxy.await_restart(1)
    assert initialized(pod)
    assert names(to_start(pod, now=1)) == ["proxy", "app"]


def test_back_off_doubles_up_to_its_limit() -> None:
    (app,) = containers()
    waits = []
    for _ in range(9):
        app.begin(0)
        app.end(1, now=0)
        app.await_restart(0)
        waits.append(app.not_before)
    assert waits == [0, 1, 2, 4, 8, 16, 32, 60, 60]
    assert app.restarts == 9


def test_long_run_forgets_earlier_crashes() -> None:
    (app,) = containers()
    app.crashes_in_a_row = 7
    app.begin(0)
    app.end(1, now=1000)
    app.await_restart(1000)
    assert app.not_before == 1000


@pytest.mark.parametrize(
    ("policy", "exit_code", "done"),
    [("Always", 0, False), ("OnFailure", 0, True), ("OnFailure", 1, False), ("Never", 1, True)],
)
def test_restart_policy_decides_when_a_pod_is_done(policy: str, exit_code: int, done: bool) -> None:
    (app,) = pod = containers()
    app.begin(0)
    app.end(exit_code, now=1)
    assert finished(pod, policy) is done


def test_sidecar_runs_on_and_the_pod_is_done() -> None:
    proxy, app = pod = containers(SIDECAR)
    proxy.begin(0)
    app.begin(0)
    app.end(0, now=1)
    assert finished(pod, "Never")
    assert (proxy.role, proxy.phase) == (Role.SIDECAR, Phase.RUNNING)


def test_run_names_differ_so_that_a_late_exit_is_not_mistaken() -> None:
    (app,) = containers()
    first = app.run
    app.begin(0)
    app.end(1, now=0)
    app.await_restart(0)
    assert app.run != first
