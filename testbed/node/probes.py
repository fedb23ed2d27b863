# SPDX-License-Identifier: Apache-2.0
"""Probes: when each is due and what its results mean (pure), and how one is run."""

from __future__ import annotations

import contextlib
import http.client
import socket
import ssl
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

KINDS = ("startupProbe", "readinessProbe", "livenessProbe")

_UNVERIFIED = ssl.create_default_context()
_UNVERIFIED.check_hostname = False
_UNVERIFIED.verify_mode = ssl.CERT_NONE


@dataclass
class Schedule:
    """One probe of one run of a container."""

    kind: str
    spec: dict[str, Any]
    due: float
    in_flight: bool = False
    successes: int = 0
    failures: int = 0

    @classmethod
    def of(cls, kind: str, spec: dict[str, Any], now: float) -> Schedule:
        return cls(kind, spec, now + spec.get("initialDelaySeconds", 0))

    def observe(self, success: bool, now: float) -> bool | None:
        """The verdict, once as many results in a row agree as the probe asks for."""
        self.in_flight = False
        self.due = now + self.spec.get("periodSeconds", 10)
        if success:
            self.successes, self.failures = self.successes + 1, 0
            return True if self.successes >= self.spec.get("successThreshold", 1) else None
        self.successes, self.failures = 0, self.failures + 1
        return False if self.failures >= self.spec.get("failureThreshold", 3) else None


def runnable(probe: dict[str, Any]) -> bool:
    return any(kind in probe for kind in ("httpGet", "tcpSocket"))


def prepare(probe: dict[str, Any], container: dict[str, Any], address: str) -> Callable[[], bool]:
    seconds = float(probe.get("timeoutSeconds", 1))
    if "httpGet" in probe:
        request = probe["httpGet"]
        port = _port(request["port"], container)
        return lambda: _http(request, request.get("host") or address, port, seconds)
    port = _port(probe["tcpSocket"]["port"], container)
    return lambda: _tcp(probe["tcpSocket"].get("host") or address, port, seconds)


def _http(request: dict[str, Any], host: str, port: int, seconds: float) -> bool:
    connection: http.client.HTTPConnection
    if request.get("scheme") == "HTTPS":
        connection = http.client.HTTPSConnection(host, port, timeout=seconds, context=_UNVERIFIED)
    else:
        connection = http.client.HTTPConnection(host, port, timeout=seconds)
    headers = {header["name"]: header["value"] for header in request.get("httpHeaders") or ()}
    with contextlib.closing(connection):
        try:
            connection.request("GET", request.get("path") or "/", headers={"User-Agent": "kube-probe/1.36", **headers})
            return 200 <= connection.getresponse().status < 400
        except (OSError, http.client.HTTPException):
            return False


def _tcp(host: str, port: int, seconds: float) -> bool:
    try:
        socket.create_connection((host, port), seconds).close()
    except OSError:
        return False
    return True


def _port(port: int | str, container: dict[str, Any]) -> int:
    named = {p.get("name"): p["containerPort"] for p in container.get("ports") or ()}
    return int(named.get(port, port))
