# SPDX-License-Identifier: Apache-2.0
"""python -m testbed up | down | status"""

from __future__ import annotations

import argparse
import os
import signal
import sys
import time

from . import mesh, paths
from .errors import TestbedError


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m testbed", description="The test mesh without Docker.")
    commands = parser.add_subparsers(dest="command", required=True)
    up = commands.add_parser("up", help="start the mesh; the first time builds its programs")
    up.add_argument("--no-real-pods", action="store_true", help="API server, KWOK and istiod only: needs no rights")
    commands.add_parser("down", help="end the mesh and all it made")
    commands.add_parser("status", help="what runs; exit status 1 if not all of it does")
    commands.add_parser("kubectl", help="kubectl against the mesh", add_help=False)
    # kubectl's arguments are its own, whatever they look like.
    arguments, others = parser.parse_known_args(sys.argv[1:2])
    if arguments.command != "kubectl":
        arguments = parser.parse_args()
    else:
        others = sys.argv[2:]
    layout = paths.layout()
    # An ended `up` takes away what it had half made, as an interrupted one does.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    try:
        if arguments.command == "up":
            return _up(layout, real_pods=not arguments.no_real_pods)
        if arguments.command == "down":
            print("the mesh is down" if mesh.down(layout) else "there is no mesh")
            return 0
        if arguments.command == "kubectl":
            return _kubectl(layout, others)
        return _status(layout)
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)
        return 128 + signal.SIGINT
    except TestbedError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1


def _up(layout: paths.Layout, real_pods: bool) -> int:
    started = time.monotonic()

    def report(text: str) -> None:
        print(f"[{time.monotonic() - started:5.1f} s] {text}", flush=True)

    mesh.up(layout, real_pods, report)
    print(f"the mesh is up; kubeconfig: {layout.kubeconfig}")
    print("next:")
    print(f"  export KUBECONFIG={layout.kubeconfig}")
    print(f"  {layout.bin / 'kubectl'} get nodes,pods -A")
    print("  python -m testbed status | down")
    return 0


def _status(layout: paths.Layout) -> int:
    status = mesh.status(layout)
    if status is None:
        print("the mesh is down")
        return 1
    print(f"leader {status.leader}, {'with' if status.real_pods else 'without'} real pods, {layout.kubeconfig}")
    for name, runs in status.components.items():
        print(f"  {name:20} {'running' if runs else f'ENDED, see {layout.log(name)}'}")
    return 0 if status.healthy else 1


def _kubectl(layout: paths.Layout, arguments: list[str]) -> int:
    program = layout.bin / "kubectl"
    if mesh.leader(layout) is None or not program.exists():
        raise TestbedError("the mesh is down: `python -m testbed up` first")
    os.environ["KUBECONFIG"] = str(layout.kubeconfig)
    os.execv(program, [str(program), *arguments])


if __name__ == "__main__":
    sys.exit(main())
