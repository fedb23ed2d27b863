# SPDX-License-Identifier: Apache-2.0
"""What Galaxy would hand out: built from this checkout, installed into an empty folder, run from an empty folder."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import sysconfig
import tarfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from testbed.paths import CHECKOUT
from tests.cluster.conftest import Backend
from tests.cluster.kubectl import Kubectl, eventually
from tests.cluster.test_deploy import only_pod

PROGRAMS = Path(sys.executable).parent
SECONDS = 300
BYTES_MOST = 1_000_000
PARTS = {"meta", "playbooks", "plugins", "roles", "filter", "docs", "changelogs", "collections"}
FILES = {"MANIFEST.json", "FILES.json", "README.md", "LICENSE", "CHANGELOG.rst"}
LEFTOVERS = {"__pycache__", ".cache", ".zig-cache", "zig-out", ".venv", ".git", ".ansible", "ansible_collections"}
NEEDED = (
    "playbooks/deploy.yml",
    "playbooks/remove.yml",
    "playbooks/rollback.yml",
    "playbooks/build.yml",
    "roles/wasm_filter/tasks/deploy.yml",
    "roles/wasm_filter/meta/argument_specs.yml",
    "filter/build.zig",
    "filter/src/main.zig",
    "filter/configuration.schema.json",
    "filter/dist/http-trace-filter.wasm",
    "filter/dist/http-trace-filter.wasm.sha256",
    "collections/requirements.yml",
    "docs/rbac/rollout.yml",
)


def run(program: str, *arguments: str, folder: Path, **environment: str) -> str:
    """With nothing of this checkout, of the user's home or of the user's settings."""
    foreign = ("K8S_AUTH", "WASM_FILTER", "ANSIBLE", "KUBECONFIG", "PYTHONPATH")
    inherited = {key: value for key, value in os.environ.items() if not key.startswith(foreign)}
    done = subprocess.run(
        [str(PROGRAMS / program), *arguments],
        cwd=folder,
        env={**inherited, "HOME": str(folder.parent / "home"), "ANSIBLE_NOCOLOR": "1", **environment},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=SECONDS,
        check=False,
    )
    assert done.returncode == 0, f"{program} {' '.join(arguments)}\n{done.stdout}"
    return done.stdout


@dataclass(frozen=True)
class Installed:
    """The collection in a folder that holds nothing else but kubernetes.core."""

    collections: Path
    folder: Path

    def playbook(self, name: str, kubeconfig: str = "", **variables: str) -> str:
        return run(
            "ansible-playbook",
            f"openclarity.wasm_filters.{name}",
            *(argument for key, value in variables.items() for argument in ("-e", f"{key}={value}")),
            folder=self.folder,
            KUBECONFIG=kubeconfig,
            ANSIBLE_COLLECTIONS_PATH=str(self.collections),
            # Ansible would find the collections of the venv, too.
            ANSIBLE_COLLECTIONS_SCAN_SYS_PATH="false",
        )


@pytest.fixture(scope="module")
def tarball(tmp_path_factory: pytest.TempPathFactory) -> Path:
    target = tmp_path_factory.mktemp("tarball")
    run("ansible-galaxy", "collection", "build", "--output-path", str(target), folder=CHECKOUT, HOME=str(target))
    return next(target.glob("openclarity-wasm_filters-*.tar.gz"))


@pytest.fixture(scope="module")
def installed(tarball: Path, tmp_path_factory: pytest.TempPathFactory) -> Installed:
    base = tmp_path_factory.mktemp("installed")
    collections, folder = base / "collections", base / "empty"
    folder.mkdir()
    run(
        "ansible-galaxy",
        *("collection", "install", str(tarball), "--no-deps", "--offline", "-p", str(collections)),
        folder=folder,
        ANSIBLE_COLLECTIONS_PATH=str(collections),
    )
    core = collections / "ansible_collections" / "kubernetes" / "core"
    core.parent.mkdir()
    core.symlink_to(Path(sysconfig.get_path("purelib")) / "ansible_collections" / "kubernetes" / "core")
    return Installed(collections, folder)


def changed(output: str) -> dict[str, int]:
    """Of each host of the recap, how many tasks changed something."""
    return {host: int(count) for host, count in re.findall(r"^(\S+) +: ok=\d+ +changed=(\d+)", output, re.MULTILINE)}


def test_the_tarball_holds_what_users_need_and_no_more(tarball: Path) -> None:
    with tarfile.open(tarball) as archive:
        names = {member.name for member in archive if member.isfile()}

    assert {name for name in NEEDED if name not in names} == set()
    assert {name.partition("/")[0] for name in names if "/" in name} <= PARTS
    assert {name for name in names if "/" not in name} <= FILES
    assert [name for name in names if LEFTOVERS & set(Path(name).parts)] == []
    assert tarball.stat().st_size < BYTES_MOST


def test_an_installed_collection_deploys_and_removes(
    installed: Installed, kubectl: Kubectl, app: Callable[..., str], backend: Backend
) -> None:
    shop = app("installed")
    deploy = {"kubeconfig": kubectl.kubeconfig, "namespaces": shop}
    deploy["wasm_filter_trace_backend_address"] = backend.address
    host = f"testbed.{shop}"

    assert changed(installed.playbook("deploy", **deploy))[host] == 1
    pod = only_pod(kubectl, shop)["metadata"]["name"]
    eventually("the filter runs", lambda: kubectl.revision_running(shop, pod))
    assert kubectl.call(shop, pod, f"http://web.{shop}/echo?from={shop}")["status"] == 200
    assert backend.trace_of(f"from={shop}")["scnt_response"]["status_code"] == "200"

    assert set(changed(installed.playbook("deploy", **deploy)).values()) == {0}
    assert changed(installed.playbook("remove", kubeconfig=kubectl.kubeconfig, namespaces=shop))[host] == 1
    assert "wasm-filter" not in kubectl("get", "configmaps,envoyfilters", "-n", shop)


def test_an_installed_collection_builds_the_released_binary(installed: Installed) -> None:
    sources = installed.collections / "ansible_collections/openclarity/wasm_filters/filter"
    before = {path: path.stat().st_mtime_ns for path in sources.rglob("*")}
    output = installed.folder.parent / "built.wasm"

    said = installed.playbook("build", wasm_filter_build_output=str(output))

    released = sources / "dist" / "http-trace-filter.wasm"
    assert output.read_bytes() == released.read_bytes(), said
    assert {path: path.stat().st_mtime_ns for path in sources.rglob("*")} == before, "nothing is left in the sources"
