# SPDX-License-Identifier: Apache-2.0
"""Where the demo runs: on a mesh of its own, or on a cluster that somebody has."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from ..paths import CHECKOUT, Layout


@dataclass(frozen=True)
class Place:
    """`kubeconfig`: of the cluster. `folder`: what the playbooks write is there. `own`: the mesh, where it is ours."""

    kubeconfig: Path
    folder: Path
    own: Layout | None = None

    @classmethod
    def of_mesh(cls, layout: Layout) -> Place:
        return cls(layout.kubeconfig, layout.root, layout)

    @classmethod
    def of_cluster(cls, kubeconfig: Path) -> Place:
        return cls(kubeconfig.expanduser().resolve(), CHECKOUT / ".cache" / "demo")

    def file(self, name: str) -> Path:
        """What a playbook of the demo writes."""
        return self.folder / f"demo-{name}.json"

    @property
    def kubectl(self) -> str:
        return str(near(self.own.bin / "kubectl")) if self.own else "kubectl"

    @property
    def down(self) -> str:
        """The command that ends it."""
        if self.own is None:
            return f"make demo-down KUBECONFIG={self.kubeconfig}"
        return f"TESTBED_DIR={self.own.root} make demo-down" if os.environ.get("TESTBED_DIR") else "make demo-down"


def near(path: Path) -> Path:
    return path.relative_to(CHECKOUT) if path.is_relative_to(CHECKOUT) else path
