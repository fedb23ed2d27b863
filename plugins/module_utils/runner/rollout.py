# SPDX-License-Identifier: Apache-2.0
"""From a plan to verdicts: the machine for it, an executor, and the loop between them."""

from __future__ import annotations

import getpass
import os
import socket
import time
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path

from ..cluster.api import ClusterApi, now_rfc3339
from ..deliveries.base import Operation
from ..deliveries.previous import Previous
from ..deliveries.registry import DELIVERIES
from ..deliveries.release import Release
from ..deliveries.removal import Removal
from ..domain import wasm_module
from ..domain.errors import InputError
from ..domain.outcome import NamespaceVerdict
from ..domain.plan import Plan, State
from ..engine import proving
from ..engine.events import Stop
from ..engine.lease import Terms
from ..engine.run import Run
from ..engine.settings import Settings
from . import loop
from .executor import Executor, Report

# A context in which Stop events are handed to the function it is made with.
Stops = Callable[[Callable[[Stop], None]], AbstractContextManager[object]]


def no_stops(_put: Callable[[Stop], None]) -> AbstractContextManager[object]:
    """Nobody stops it."""
    return nullcontext()


def rollout(plan: Plan, api: ClusterApi, report: Report, stops: Stops = no_stops) -> list[NamespaceVerdict]:
    """Carry a plan out, all its waves; the verdicts are in the order of the waves.

    :raises InputError: the binary is not the plan's.
    """
    options = plan.options
    ineligible = {one.namespace: (one.reason, one.message) for one in plan.targets if not one.eligible}
    operation, executor = operation_of(plan), Executor(api, report)
    settings = Settings(
        options.timeout_seconds,
        options.max_in_flight,
        options.max_fail_percentage,
        api.dry_run,
        options.ill_before,
        Terms(holder(plan.run.id), options.lock_seconds, epoch=time.time() - executor.now()),
        proving.Terms(options.proof, options.proof_seconds),
        options.on_failure,
    )
    machine = Run(operation, plan.waves, ineligible, settings)
    with stops(executor.put):
        loop.run(machine, executor)
    return machine.verdicts()


def operation_of(plan: Plan) -> Operation:
    """What the plan does to a namespace.

    :raises InputError: the binary is not the plan's.
    """
    if plan.state == State.PREVIOUS:
        return Previous(plan.names, plan.options.rollback_to)
    if plan.state == State.ABSENT or plan.binary is None:
        return Removal(plan.names)
    path = plan.binary.path
    try:
        module = wasm_module.read(Path(path).read_bytes(), path)
    except OSError as error:
        raise InputError("wasm_filter_binary_path", path, f"can't be read any more: {error.strerror}") from None
    if module.sha256 != plan.binary.sha256:
        said = f"has changed since the plan was made: its sha256 is {module.sha256}, the plan's {plan.binary.sha256}"
        raise InputError("wasm_filter_binary_path", path, said)
    release = Release(plan.names, plan.revision, plan.envoy_filter_spec, module, now_rfc3339())
    return DELIVERIES[plan.delivery.value](release, plan.exclusions)


def holder(run: str) -> str:
    """Who has locked a namespace, for people; unlike any other process that changes it."""
    try:
        user = getpass.getuser()
    except (KeyError, OSError):
        # A user id without a name, as in a container.
        user = str(os.getuid())
    return f"{user}@{socket.gethostname()} (run {run}, process {os.getpid()})"
