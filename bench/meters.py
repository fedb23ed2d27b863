# SPDX-License-Identifier: Apache-2.0
"""What the kernel knows about a process: CPU time and memory."""

import contextlib
import re
import time
from pathlib import Path

QUIET_SECONDS = 0.02


def cpu_ns(pid: int) -> int:
    """Time on a CPU of all threads that live, in ns. (times() counts in ticks of 10 ms.)"""
    total = 0
    for task in Path(f"/proc/{pid}/task").iterdir():
        with contextlib.suppress(FileNotFoundError, ProcessLookupError):
            total += int((task / "schedstat").read_text().split()[0])
    return total


def cpu_ns_when_idle(pid: int, deadline_seconds: float = 10.0) -> int:
    """The same, once it stands still: nothing that was asked for is still being done."""
    end = time.monotonic() + deadline_seconds
    before = cpu_ns(pid)
    while True:
        time.sleep(QUIET_SECONDS)
        now = cpu_ns(pid)
        # A tick of a timer takes some microseconds.
        if now - before < 100_000:
            return now
        if time.monotonic() > end:
            raise RuntimeError(f"process {pid} is never idle: {(now - before) / 1e6:.1f} ms in {QUIET_SECONDS} s")
        before = now


def resident_bytes(pid: int) -> int:
    """Memory that is resident now (VmRSS)."""
    found = re.search(r"^VmRSS:\s+(\d+) kB$", Path(f"/proc/{pid}/status").read_text(), re.M)
    if found is None:
        raise RuntimeError(f"process {pid} has no memory")
    return int(found[1]) * 1024
