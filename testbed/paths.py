# SPDX-License-Identifier: Apache-2.0
"""Where the mesh keeps things. Nothing else in this package builds a path of the checkout or of a user's cache."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

PACKAGE = Path(__file__).resolve().parent
CHECKOUT = PACKAGE.parent


@dataclass(frozen=True)
class Layout:
    """The folder of one mesh; several checkouts, or several TESTBED_DIRs, have one each."""

    root: Path

    @property
    def kubeconfig(self) -> Path:
        return self.root / "kubeconfig"

    @property
    def inner_kubeconfig(self) -> Path:
        """What the components use: the API server's own address, which may exist inside the namespace only."""
        return self.root / "inner.kubeconfig"

    @property
    def leader_pid(self) -> Path:
        return self.root / "leader.pid"

    @property
    def state(self) -> Path:
        return self.root / "state.json"

    @property
    def lock(self) -> Path:
        return self.root / "lock"

    @property
    def certificates(self) -> Path:
        return self.root / "certificates"

    @property
    def logs(self) -> Path:
        return self.root / "logs"

    @property
    def pod_logs(self) -> Path:
        return self.logs / "pods"

    @property
    def bin(self) -> Path:
        return self.root / "bin"

    def log(self, component: str) -> Path:
        return self.logs / f"{component}.log"


def layout() -> Layout:
    return Layout(Path(os.environ.get("TESTBED_DIR") or CHECKOUT / ".cache" / "mesh").resolve())


def user_cache() -> Path:
    """Shared by all checkouts of a user: the built programs are the same wherever the sources lie."""
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(base) / "openclarity-wasm-filters"
