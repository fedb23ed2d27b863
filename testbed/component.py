# SPDX-License-Identifier: Apache-2.0
"""What a component of the mesh is: a value. Functions in `testbed/components/` return them, `testbed/process.py` runs
them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from .binaries import Binaries
from .certificates import Certificates
from .paths import Layout
from .ports import Ports


@dataclass(frozen=True)
class Component:
    name: str
    command: tuple[str, ...]
    environment: Mapping[str, str] = field(default_factory=dict)
    files: Mapping[Path, str] = field(default_factory=dict)
    """Written before the start."""
    ready_url: str | None = None
    """Answers 200 when the component is ready."""
    ready_within: float = 60.0
    inherited_fds: tuple[int, ...] = ()


@dataclass(frozen=True)
class Setting:
    """What all components are described from."""

    layout: Layout
    data: Path
    """Thrown away with the mesh; on a private tmpfs when there is a mount namespace."""
    ports: Ports
    certificates: Certificates
    binaries: Binaries
    token: str
    address: str
    """Where the API server listens: every address of its own network namespace, else loopback."""
    real_pods: bool
