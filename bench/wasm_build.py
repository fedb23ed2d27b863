# SPDX-License-Identifier: Apache-2.0
"""Builds the small filters that ours is compared with."""

import subprocess
import sys
from pathlib import Path

SOURCES = Path(__file__).with_name("wasm")
# As filter/build.zig has it: without -rdynamic every export is dropped.
OPTIONS = ["-target", "wasm32-freestanding", "-O", "ReleaseSmall", "-fstrip", "-fno-entry", "-rdynamic"]


def build(name: str, folder: Path) -> Path:
    """Compiles wasm/NAME.zig into the folder; raises RuntimeError with Zig's words."""
    target = folder / f"{name}.wasm"
    command = [sys.executable, "-m", "ziglang", "build-exe", *OPTIONS, "--stack", "65536"]
    command += [f"-femit-bin={target}", str(SOURCES / f"{name}.zig")]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise RuntimeError(f"Zig could not build {name}: {done.stderr}")
    return target
