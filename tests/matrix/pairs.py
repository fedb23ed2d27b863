# SPDX-License-Identifier: Apache-2.0
"""Which pairs there are, by the names of their locks, and which Python of this machine each has."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from testbed.paths import CHECKOUT

LOCKS = CHECKOUT / "requirements" / "matrix"
LAST_OF_OLD_CLIENTS = "2.19-py3.11"
NAME = re.compile(r"(\d+)\.(\d+)-py(\d+)\.(\d+)")


@dataclass(frozen=True)
class Pair:
    """Such as 2.16-py3.10."""

    name: str

    @property
    def lock(self) -> Path:
        return LOCKS / f"{self.name}.txt"

    @property
    def python(self) -> str:
        return self.name.partition("-py")[2]

    @property
    def missing(self) -> str:
        """Said where this machine has no Python for it."""
        return f"no Python {self.python} by pyenv or in PATH, so {self.name} is not tested"


def known(folder: Path = LOCKS) -> list[Pair]:
    """Oldest first."""
    found = [match for path in folder.glob("*.txt") if (match := NAME.fullmatch(path.stem))]
    return [Pair(match[0]) for match in sorted(found, key=lambda match: [int(part) for part in match.groups()])]


def ends() -> list[Pair]:
    """The oldest and the newest, which CI runs each time, and the one with the last client before 37."""
    pairs = known()
    return [pair for pair in pairs if pair in (pairs[0], pairs[-1]) or pair.name == LAST_OF_OLD_CLIENTS]


def named(names: str) -> list[Pair]:
    """`ends`, `all`, or names with commas between them."""
    if names in ("ends", "all"):
        return ends() if names == "ends" else known()
    by_name = {pair.name: pair for pair in known()}
    unknown = [name for name in names.split(",") if name not in by_name]
    if unknown:
        raise SystemExit(f"no such pair: {', '.join(unknown)}; there are {', '.join(by_name)}")
    return [by_name[name] for name in names.split(",")]


def interpreter(version: str) -> str | None:
    """A Python of that version, of pyenv or of the system."""
    root = Path(os.environ.get("PYENV_ROOT") or Path.home() / ".pyenv")
    of_pyenv = sorted((root / "versions").glob(f"{version}.*/bin/python"), key=_patch)
    for candidate in (*map(str, reversed(of_pyenv)), shutil.which(f"python{version}")):
        if candidate and _version(candidate) == version:
            return candidate
    return None


def _patch(path: Path) -> int:
    digits = re.match(r"\d+", path.parts[-3].rpartition(".")[2])
    return int(digits[0]) if digits else -1


def _version(python: str) -> str:
    """What it says it is: a shim of pyenv may lead nowhere."""
    program = "import sys; print('%d.%d' % sys.version_info[:2])"
    done = subprocess.run([python, "-c", program], capture_output=True, text=True, check=False)
    return done.stdout.strip() if done.returncode == 0 else ""
