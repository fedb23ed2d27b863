# SPDX-License-Identifier: Apache-2.0
"""`python -m bench.fleet.metered FILE COMMAND...`: run a command and write what it used: the CPU seconds of its
processes, and the memory of the largest one in KiB.

A small process between, because a new program begins with the peak of the one that started it.
"""

import os
import subprocess
import sys
from pathlib import Path


def main() -> int:
    process = subprocess.Popen(sys.argv[2:])
    _pid, status, usage = os.wait4(process.pid, 0)
    Path(sys.argv[1]).write_text(f"{usage.ru_utime + usage.ru_stime} {usage.ru_maxrss}")
    return os.waitstatus_to_exitcode(status)


if __name__ == "__main__":
    sys.exit(main())
