# SPDX-License-Identifier: Apache-2.0
"""`make matrix`: sanity, units and a deploy on the mesh with each pair; what failed, or is missing, at the end."""

from __future__ import annotations

import argparse
import os
import subprocess
import sys

from testbed.paths import CHECKOUT

from . import environments, pairs
from .pairs import Pair

# What meets ansible-core or the client; the rest is the same with any.
SHORT = (
    "tests/unit/module_utils/cluster",
    "tests/unit/module_utils/test_failure.py",
    "tests/unit/plugins/command_line",
    "tests/unit/plugins/report",
    *(f"tests/unit/plugins/test_{name}.py" for name in ("plan", "preflight", "rollout", "status", "verdict")),
)
STEPS = ("sanity", "units", "deploy")


def main() -> int:
    options = _options()
    failed, missing = [], []
    for pair in pairs.named(options.pairs):
        try:
            programs = environments.bin_of(pair)
        except environments.MissingError as error:
            print(f"==> {error}", flush=True)
            missing.append(pair.name)
            continue
        for step in options.steps.split(","):
            print(f"==> {pair.name}: {step}", flush=True)
            command = _command(step, pair, str(programs / "python"), options.short)
            own = {"MATRIX_BIN": str(programs), "MATRIX_PAIRS": pair.name, "MATRIX_NAME": pair.name}
            outside = step in ("sanity", "deploy")
            inherited = dict(os.environ) if outside else environments.environment(programs)
            if subprocess.run(command, cwd=CHECKOUT, env={**inherited, **own}, check=False).returncode:
                failed.append(f"{pair.name} {step}")
    if missing:
        print(f"not tested, as there is no Python for it: {', '.join(missing)}", file=sys.stderr)
    if failed:
        print(f"failed: {', '.join(failed)}", file=sys.stderr)
    return 1 if failed or (missing and os.environ.get("CI")) else 0


def _command(step: str, pair: Pair, python: str, short: bool) -> list[str]:
    if step == "sanity":
        return ["tests/checks/sanity.sh"]
    if step == "deploy":
        return [sys.executable, "-m", "pytest", "-q", "-n0", "tests/cluster/test_matrix.py"]
    tests = SHORT if short else ("tests/unit",)
    # The project's own options are for plugins and caches that the pairs don't have, or would share.
    return [python, "-m", "pytest", "-q", "-o", "addopts=-ra", "-p", "no:cacheprovider", *tests]


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.matrix")
    parser.add_argument("--pairs", default="all", help="all, ends, or names such as 2.16-py3.10, with commas")
    parser.add_argument("--steps", default=",".join(STEPS), help="of sanity,units,deploy")
    parser.add_argument("--short", action="store_true", help="only the units that meet ansible-core or the client")
    options = parser.parse_args()
    wrong = [step for step in options.steps.split(",") if step not in STEPS]
    if wrong:
        parser.error(f"no such step: {', '.join(wrong)}")
    return options


if __name__ == "__main__":
    sys.exit(main())
