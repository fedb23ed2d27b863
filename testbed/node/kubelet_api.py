# SPDX-License-Identifier: Apache-2.0
"""The one page of a kubelet's own API that people miss at once: `kubectl logs`, with --tail and --follow."""

from __future__ import annotations

import collections
import http.server
import ssl
import threading
import time
import urllib.parse
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO

from ..certificates import Certificates

FOLLOW_SECONDS = 0.2
CHUNK_BYTES = 1 << 16


def serve(
    address: tuple[str, int], certificates: Certificates, pod_logs: Path, is_alive: Callable[[str, str], bool]
) -> threading.Thread:
    """Only to the API server: it shows a certificate of the mesh's authority."""

    class Handler(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            url = urllib.parse.urlsplit(self.path)
            query = dict(urllib.parse.parse_qsl(url.query))
            parts = url.path.strip("/").split("/")
            log = pod_logs / f"{'_'.join(parts[1:])}.log"
            if len(parts) != 4 or parts[0] != "containerLogs" or not log.is_file():
                self.send_error(404)
                return
            self.send_response(200)
            self.send_header("Content-Type", "text/plain")
            self.send_header("Connection", "close")
            self.end_headers()
            with log.open("rb") as content:
                if "tailLines" in query:
                    self.wfile.writelines(collections.deque(content, maxlen=int(query["tailLines"])))
                self._copy(content)
                while query.get("follow") == "true" and is_alive(parts[1], parts[2]):
                    time.sleep(FOLLOW_SECONDS)
                    self._copy(content)

        def _copy(self, content: BinaryIO) -> None:
            while chunk := content.read(CHUNK_BYTES):
                self.wfile.write(chunk)
            self.wfile.flush()

        def log_message(self, format: str, *args: object) -> None:
            """Reading a log writes none."""

    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificates.server, certificates.server_key)
    context.load_verify_locations(certificates.ca)
    context.verify_mode = ssl.CERT_REQUIRED
    server = http.server.ThreadingHTTPServer(address, Handler)
    server.daemon_threads = True
    server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    return threading.Thread(target=server.serve_forever, name="kubelet-api", daemon=True)
