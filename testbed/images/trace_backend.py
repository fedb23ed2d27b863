# SPDX-License-Identifier: Apache-2.0
"""testbed/trace-backend: keeps the last traces that were posted to it.

POST any path         keeps the document (RESPOND_STATUS: the answer's status, 200 by default)
GET /traces?since=N&limit=M   {"next", "traces": [{"n", "received", "path", "headers", "document" or "raw"}]}
GET /count            {"total", "by": [{"source", "destination", "count"}]}
DELETE /traces        forgets all; numbers go on
"""

from __future__ import annotations

import collections
import itertools
import json
import os
import signal
import sys
import threading
import time
import urllib.parse
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

KEPT_MOST = 10_000
LIMIT = 100


class Store:
    def __init__(self) -> None:
        self._traces: collections.deque[dict[str, Any]] = collections.deque(maxlen=KEPT_MOST)
        self._counts: collections.Counter[tuple[str, str]] = collections.Counter()
        self._next = 0
        self._lock = threading.Lock()

    def add(self, path: str, headers: list[list[str]], content: bytes) -> None:
        trace: dict[str, Any] = {"received": time.time(), "path": path, "headers": headers}
        try:
            trace["document"] = document = json.loads(content)
        except ValueError:
            trace["raw"] = content.decode("utf-8", "replace")
            document = None
        with self._lock:
            self._traces.append({"n": self._next, **trace})
            self._next += 1
            self._counts[_ends(document)] += 1

    def since(self, first: int, limit: int) -> dict[str, Any]:
        with self._lock:
            wanted = list(itertools.islice((t for t in self._traces if t["n"] >= first), limit))
            return {"next": wanted[-1]["n"] + 1 if wanted else max(first, self._next), "traces": wanted}

    def count(self) -> dict[str, Any]:
        with self._lock:
            by = [{"source": s, "destination": d, "count": n} for (s, d), n in sorted(self._counts.items())]
            return {"total": sum(self._counts.values()), "by": by}

    def clear(self) -> None:
        with self._lock:
            self._traces.clear()
            self._counts.clear()


def _ends(document: Any) -> tuple[str, str]:
    if not isinstance(document, dict):
        return "", ""
    return tuple(  # type: ignore[return-value]
        str(document.get(f"{end}_address", document.get(f"{end}Address", ""))) for end in ("source", "destination")
    )


STORE = Store()
RESPOND_STATUS = int(os.environ.get("RESPOND_STATUS", "200"))


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def do_POST(self) -> None:
        content = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        STORE.add(self.path, [[name.lower(), value] for name, value in self.headers.items()], content)
        self._answer(RESPOND_STATUS, {})

    def do_GET(self) -> None:
        url = urllib.parse.urlsplit(self.path)
        query = dict(urllib.parse.parse_qsl(url.query))
        if url.path == "/traces":
            self._answer(200, STORE.since(int(query.get("since", 0)), int(query.get("limit", LIMIT))))
        elif url.path == "/count":
            self._answer(200, STORE.count())
        else:
            self._answer(200 if url.path in ("/", "/healthz") else 404, {})

    def do_DELETE(self) -> None:
        STORE.clear()
        self._answer(200, {})

    def _answer(self, status: int, document: dict[str, Any]) -> None:
        content = json.dumps(document).encode() + b"\n"
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, format: str, *args: object) -> None:
        """Silent: a line per trace would fill the log."""


class Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 1024


def main() -> None:
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    port = int(os.environ.get("PORT", "8080"))
    print(f"listening on {port}", flush=True)
    Server(("0.0.0.0", port), Handler).serve_forever()


if __name__ == "__main__":
    main()
