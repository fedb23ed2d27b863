# SPDX-License-Identifier: Apache-2.0
"""A thin client of the API server. The node agent shares two cores with everything under test, and the general client
spends more time on making objects of JSON than the agent does on all its work."""

from __future__ import annotations

import base64
import contextlib
import http.client
import json
import ssl
import threading
import time
import urllib.parse
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

Object = dict[str, Any]
WATCH_SECONDS = 300
RETRY_SECONDS = 1.0
STRATEGIC_MERGE = "application/strategic-merge-patch+json"


class ApiError(Exception):
    def __init__(self, status: int, body: bytes) -> None:
        try:
            message = json.loads(body).get("message", "")
        except ValueError:
            message = body[:300].decode(errors="replace")
        super().__init__(f"{status}: {message}")
        self.status = status


class Api:
    """One kept-alive connection per thread."""

    def __init__(self, kubeconfig: Path) -> None:
        content = yaml.safe_load(kubeconfig.read_text())
        cluster = content["clusters"][0]["cluster"]
        url = urllib.parse.urlsplit(cluster["server"])
        self._host, self._port = url.hostname or "", url.port or 443
        authority = base64.b64decode(cluster["certificate-authority-data"]).decode()
        self._context = ssl.create_default_context(cadata=authority)
        self._headers = {"Authorization": f"Bearer {content['users'][0]['user']['token']}"}
        self._local = threading.local()

    def get(self, path: str) -> Object:
        return self.request("GET", path)

    def create(self, path: str, body: Object) -> Object:
        return self.request("POST", path, body)

    def patch(self, path: str, body: Object, kind: str = STRATEGIC_MERGE) -> Object:
        return self.request("PATCH", path, body, kind)

    def delete(self, path: str, body: Object | None = None) -> Object:
        return self.request("DELETE", path, body)

    def request(self, method: str, path: str, body: Object | None = None, kind: str = "application/json") -> Object:
        result: Object = json.loads(self.raw(method, path, body, kind))
        return result

    def raw(self, method: str, path: str, body: Object | None = None, kind: str = "application/json") -> bytes:
        content = None if body is None else json.dumps(body)
        headers = {**self._headers, "Content-Type": kind}
        for attempt in (1, 2):
            connection = self._connection()
            try:
                connection.request(method, path, content, headers)
                response = connection.getresponse()
                data = response.read()
            except (OSError, http.client.HTTPException):
                # A kept-alive connection may have been closed in the meantime: a fresh one decides.
                self._local.connection = None
                if attempt == 2:
                    raise
                continue
            if response.status >= 300:
                raise ApiError(response.status, data)
            return data
        raise AssertionError("unreachable")

    def watch(self, path: str, **parameters: str) -> Iterator[tuple[str, Object]]:
        """Endless: a list as SYNC event (its items), then ADDED, MODIFIED, DELETED; a new SYNC after every gap."""
        separator = "&" if "?" in path else "?"
        while True:
            try:
                listed = self.get(f"{path}{separator}{urllib.parse.urlencode(parameters)}")
            except (OSError, http.client.HTTPException, ApiError) as error:
                print(f"list {path}: {error}", flush=True)
                time.sleep(RETRY_SECONDS)
                continue
            yield "SYNC", listed
            version = listed["metadata"]["resourceVersion"]
            with contextlib.suppress(OSError, http.client.HTTPException, ValueError):
                yield from self._watch_from(f"{path}{separator}", version, parameters)

    def _watch_from(self, base: str, version: str, parameters: dict[str, str]) -> Iterator[tuple[str, Object]]:
        query = {**parameters, "watch": "1", "resourceVersion": version, "timeoutSeconds": str(WATCH_SECONDS)}
        connection = self._open(timeout=WATCH_SECONDS + 30)
        try:
            connection.request("GET", base + urllib.parse.urlencode(query), headers=self._headers)
            response = connection.getresponse()
            while line := response.readline():
                event = json.loads(line)
                if event["type"] == "ERROR":
                    return
                yield event["type"], event["object"]
        finally:
            connection.close()

    def _connection(self) -> http.client.HTTPSConnection:
        connection: http.client.HTTPSConnection | None = getattr(self._local, "connection", None)
        if connection is None:
            connection = self._local.connection = self._open(timeout=30)
        return connection

    def _open(self, timeout: float) -> http.client.HTTPSConnection:
        return http.client.HTTPSConnection(self._host, self._port, context=self._context, timeout=timeout)
