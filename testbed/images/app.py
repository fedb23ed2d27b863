# SPDX-License-Identifier: Apache-2.0
"""testbed/app: a small HTTP application that says what reached it, and calls others when it is told to.

/            JSON: pod, method, path            /echo        the same with the request's headers and body
/status/503  that status                        /stream      five chunks, one after the other
/call?url=URL calls URL once, through this pod's sidecar, and tells what came: {status, headers, body}
CALLS=url,url  calls each in turn, GET and POST alternating, every CALL_INTERVAL_SECONDS
"""

from __future__ import annotations

import http.client
import json
import os
import signal
import socket
import sys
import threading
import time
import urllib.parse
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

POD = os.environ.get("HOSTNAME", "")
CHUNKS = 5
CALL_SECONDS_MOST = 10.0


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    # Headers and body leave in two writes; Nagle's algorithm would hold the second one back.
    disable_nagle_algorithm = True

    def _serve(self) -> None:
        body = self._body()
        path = urllib.parse.urlsplit(self.path).path
        if path.startswith("/status/") and path[8:].isdigit():
            self._answer(int(path[8:]), {"pod": POD, "status": int(path[8:])})
        elif path == "/stream":
            self._stream()
        elif path == "/call":
            url = urllib.parse.parse_qs(urllib.parse.urlsplit(self.path).query)["url"][0]
            self._answer(200, call_once(url, self.command, body))
        else:
            document: dict[str, object] = {"pod": POD, "method": self.command, "path": self.path}
            if path == "/echo":
                document["headers"] = [[name.lower(), value] for name, value in self.headers.items()]
            if body:
                document["body"] = body.decode("utf-8", "replace")
            self._answer(200, document)

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = do_HEAD = do_OPTIONS = _serve

    def _body(self) -> bytes:
        if "chunked" in self.headers.get("Transfer-Encoding", "").lower():
            parts = []
            while size := int(self.rfile.readline().split(b";")[0], 16):
                parts.append(self.rfile.read(size))
                self.rfile.readline()
            self.rfile.readline()
            return b"".join(parts)
        return self.rfile.read(int(self.headers.get("Content-Length") or 0))

    def _answer(self, status: int, document: dict[str, object]) -> None:
        content = json.dumps(document).encode() + b"\n"
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(content)

    def _stream(self) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "text/plain")
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        for number in range(CHUNKS):
            content = f"chunk {number} of {POD}\n".encode()
            self.wfile.write(f"{len(content):x}\r\n".encode() + content + b"\r\n")
        self.wfile.write(b"0\r\n\r\n")

    def log_message(self, format: str, *args: object) -> None:
        """Silent: a line per request would fill the log of a load test."""


class Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 1024
    address_family = socket.AF_INET6 if socket.has_dualstack_ipv6() else socket.AF_INET

    def server_bind(self) -> None:
        if self.address_family == socket.AF_INET6:
            self.socket.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
        super().server_bind()


def call_once(url: str, method: str, body: bytes) -> dict[str, object]:
    target = urllib.parse.urlsplit(url)
    path = (target.path or "/") + (f"?{target.query}" if target.query else "")
    connection = http.client.HTTPConnection(target.hostname or "", target.port or 80, timeout=CALL_SECONDS_MOST)
    try:
        connection.request(method, path, body or None)
        response = connection.getresponse()
        content = response.read().decode("utf-8", "replace")
        headers = [[name.lower(), value] for name, value in response.getheaders()]
        return {"status": response.status, "headers": headers, "body": content}
    except (OSError, http.client.HTTPException) as error:
        return {"status": 0, "headers": [], "body": f"{type(error).__name__}: {error}"}
    finally:
        connection.close()


def call_forever(url: str, interval: float) -> None:
    target = urllib.parse.urlsplit(url)
    number, failure = 0, ""
    connection = http.client.HTTPConnection(target.hostname or "", target.port or 80, timeout=CALL_SECONDS_MOST)
    while True:
        method = "POST" if number % 2 else "GET"
        body = json.dumps({"caller": POD, "number": number}) if method == "POST" else None
        headers = {"Content-Type": "application/json"} if body else {}
        number += 1
        try:
            path = (target.path or "/") + (f"?{target.query}" if target.query else "")
            connection.request(method, path, body, headers)
            response = connection.getresponse()
            response.read()
            outcome = "" if response.status < 500 else f"status {response.status}"
        except (OSError, http.client.HTTPException) as error:
            connection.close()
            outcome = f"{type(error).__name__}: {error}"
        if outcome != failure:
            print(f"{method} {url}: {outcome or 'answers again'}", flush=True)
            failure = outcome
        time.sleep(interval)


def main() -> None:
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    interval = float(os.environ.get("CALL_INTERVAL_SECONDS", "1"))
    for url in filter(None, map(str.strip, os.environ.get("CALLS", "").split(","))):
        threading.Thread(target=call_forever, args=(url, interval), daemon=True).start()
    port = int(os.environ.get("PORT", "8080"))
    address = "::" if Server.address_family == socket.AF_INET6 else "0.0.0.0"
    print(f"listening on {port}", flush=True)
    Server((address, port), Handler).serve_forever()


if __name__ == "__main__":
    main()
