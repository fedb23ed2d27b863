# SPDX-License-Identifier: Apache-2.0
"""python -m testbed.demo up | down"""

from __future__ import annotations

import argparse
import sys

from .. import mesh, paths
from ..errors import TestbedError
from .cluster import Unreachable
from .playbook import near
from .screen import RED, Screen
from .steps import Demo


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m testbed.demo", description=sys.modules[__package__].__doc__)
    parser.add_argument("command", choices=("up", "down"), help="show it; end it, and the mesh with it")
    command = parser.parse_args().command
    layout, screen = paths.layout(), Screen()
    try:
        if command == "down":
            return _down(layout, screen)
        Demo(screen, layout).run()
        return 0
    except TestbedError as error:
        return _failed(screen, layout, str(error))
    except Unreachable as error:
        return _failed(screen, layout, f"A request failed: {error}")
    except KeyboardInterrupt:
        screen.line("")
        screen.line("Stopped. `make demo` begins again with what is there; `make demo-down` ends everything.")
        return 130


def _down(layout: paths.Layout, screen: Screen) -> int:
    with screen.working("ending the mesh, and the demo with it"):
        there = mesh.down(layout)
    screen.line("The mesh is down; nothing of the demo is left." if there else "There is no mesh.")
    return 0


def _failed(screen: Screen, layout: paths.Layout, message: str) -> int:
    screen.line("")
    screen.line(f"{screen.styled('The demo failed.', RED)} {message}")
    if mesh.leader(layout) is not None:
        screen.line(f"Logs: {near(layout.logs)}, of pods: {near(layout.pod_logs)}. It keeps running for you to look.")
    return 1


if __name__ == "__main__":
    sys.exit(main())
