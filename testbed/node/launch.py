# SPDX-License-Identifier: Apache-2.0
"""From a container's specification to the order that starts it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ..paths import CHECKOUT, user_cache
from . import environment, images
from .containers import Container
from .sandbox import Start

Object = dict[str, Any]


def start_order(
    pod: Object,
    container: Container,
    image: images.Image,
    mounts: list[tuple[str, str]],
    lookup: environment.Lookup,
    log: Path,
) -> Start:
    """Raises MissingReference if its environment names what is not there."""
    spec = container.spec
    values = environment.environment(pod, spec, image.environment, lookup)
    context = {**(pod["spec"].get("securityContext") or {}), **(spec.get("securityContext") or {})}
    return Start(
        name=container.run,
        command=[environment.expand(part, values) for part in images.command(spec, image)],
        environment=values,
        mounts=[*image.mounts, *mounts],
        # Programs of the checkout, and built ones: either may lie below /tmp.
        kept=[str(CHECKOUT), str(user_cache())],
        log=str(log),
        uid=context.get("runAsUser", 0),
        gid=context.get("runAsGroup", 0),
        groups=list(context.get("supplementalGroups") or ()),
        folder=spec.get("workingDir") or "/",
    )
