# SPDX-License-Identifier: Apache-2.0
"""From what is asked for and what the cluster says to the plan. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from ..domain.plan import Exclusion, Plan, Run, State, Target
from .request import Request


def draft(request: Request, targets: tuple[Target, ...], run: Run, exclusions: tuple[Exclusion, ...] = ()) -> Plan:
    """The plan without revision and EnvoyFilter: whole if the filter is to be taken out."""
    return Plan(
        state=request.state,
        filter_name=request.names.name,
        config_map_name=request.names.config_map_name,
        targets=targets,
        waves=tuple(_waves(request)),
        run=run,
        options=request.options,
        delivery=request.filter.delivery,
        binary=request.filter.binary,
        exclusions=exclusions,
    )


def complete(plan: Plan, revision: str, envoy_filter_spec: dict[str, Any]) -> Plan:
    """With what the role's templates have made of it.

    :raises ValueError: something is missing, or there is something that does not belong there.
    """
    wanted = plan.state == State.PRESENT
    if bool(revision) != wanted or bool(envoy_filter_spec) != wanted:
        raise ValueError(f"state {plan.state} {'needs' if wanted else 'takes no'} revision and envoy_filter_spec")
    return replace(plan, revision=revision, envoy_filter_spec=envoy_filter_spec)


def _waves(request: Request) -> Iterator[tuple[str, ...]]:
    begin = 0
    for size in request.wave_sizes:
        yield request.namespaces[begin : begin + size]
        begin += size
