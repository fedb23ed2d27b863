# SPDX-License-Identifier: Apache-2.0
"""python -m testbed.node ROOT DATA BINARIES: started by the mesh's leader, inside its namespaces."""

from __future__ import annotations

import http.server
import os
import sys
import threading
from pathlib import Path

from ..binaries import Binaries
from ..paths import Layout
from ..ports import Ports
from .agent import Agent


class Health(http.server.BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200)
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:
        """Health checks are no news."""


def _end_all(failure: threading.ExceptHookArgs) -> None:
    """An agent without one of its threads would leave pods waiting without a word: it ends, and the leader says so."""
    threading.__excepthook__(failure)
    sys.stderr.flush()
    os._exit(1)


def main() -> None:
    threading.excepthook = _end_all
    root, data, binaries = map(Path, sys.argv[1:])
    Agent(Layout(root), data, Binaries(binaries)).start()
    http.server.ThreadingHTTPServer(("127.0.0.1", Ports().node_agent), Health).serve_forever()


main()
