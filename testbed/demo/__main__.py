# SPDX-License-Identifier: Apache-2.0
"""python -m testbed.demo up | down [--kubeconfig FILE]"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from .. import mesh, paths
from ..errors import TestbedError
from .api import Unreachable
from .cluster import Cluster
from .place import Place, near
from .screen import RED, Screen
from .steps import Demo
from .waiting import until

GONE_SECONDS = 180.0


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m testbed.demo", description=sys.modules[__package__].__doc__)
    parser.add_argument("command", choices=("up", "down"), help="show it; end it, and a mesh of its own with it")
    parser.add_argument(
        "--kubeconfig", help="of a cluster that has Istio; without it a mesh is started on this machine"
    )
    options, screen = parser.parse_args(), Screen()
    place = Place.of_cluster(Path(options.kubeconfig)) if options.kubeconfig else Place.of_mesh(paths.layout())
    try:
        if options.command == "down":
            return _down(place, screen)
        Demo(screen, place).run()
        return 0
    except TestbedError as error:
        return _failed(screen, place, str(error))
    except Unreachable as error:
        return _failed(screen, place, f"A request failed: {error}")
    except KeyboardInterrupt:
        screen.line("")
        screen.line(f"Stopped. `make demo` begins again with what is there; `{place.down}` ends everything.")
        return 130


def _down(place: Place, screen: Screen) -> int:
    if place.own is None:
        return _delete(Cluster(place.kubeconfig), screen)
    with screen.working("ending the mesh, and the demo with it"):
        there = mesh.down(place.own)
    screen.line("The mesh is down; nothing of the demo is left." if there else "There is no mesh.")
    return 0


def _delete(cluster: Cluster, screen: Screen) -> int:
    """All of the demo is in namespaces of its own."""
    with screen.working("deleting the demo's namespaces"):
        for name in cluster.ours():
            cluster.delete(name)
        until(lambda: not cluster.ours(), GONE_SECONDS, lambda: f"{', '.join(cluster.ours())} did not end")
    screen.line(f"Nothing of the demo is left on {cluster.server}.")
    return 0


def _failed(screen: Screen, place: Place, message: str) -> int:
    screen.line("")
    screen.line(f"{screen.styled('The demo failed.', RED)} {message}")
    if place.own and mesh.leader(place.own) is not None:
        logs, pod_logs = near(place.own.logs), near(place.own.pod_logs)
        screen.line(f"Logs: {logs}, of pods: {pod_logs}. It keeps running for you to look.")
    return 1


if __name__ == "__main__":
    sys.exit(main())
