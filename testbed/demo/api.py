# SPDX-License-Identifier: Apache-2.0
"""The API server of a kubeconfig, of whatever cluster: the client knows all the ways in which one logs in."""

from __future__ import annotations

import http.client
import json
from pathlib import Path
from typing import Any

from kubernetes import config
from kubernetes.client.exceptions import ApiException
from kubernetes.config.config_exception import ConfigException
from kubernetes.dynamic import DynamicClient
from urllib3.exceptions import HTTPError

from .errors import DemoError

Object = dict[str, Any]
APPLY = "application/apply-patch+yaml"
MANAGER = "demo"
TIMEOUT_SECONDS = 30
Unreachable = (OSError, http.client.HTTPException, HTTPError, ApiException)
"""What passes by itself while pods come and go."""


class Api:
    def __init__(self, kubeconfig: Path) -> None:
        try:
            self._client = DynamicClient(config.new_client_from_config(str(kubeconfig)))
        except (ConfigException, *Unreachable) as error:
            raise DemoError(f"KUBECONFIG={kubeconfig}: {error}") from error

    @property
    def server(self) -> str:
        return str(self._client.configuration.host)

    def get(self, path: str) -> Object:
        return self.request("GET", path)

    def find(self, path: str) -> Object | None:
        try:
            return self.get(path)
        except ApiException as error:
            if error.status == 404:
                return None
            raise

    def apply(self, path: str, body: Object) -> None:
        query = {"fieldManager": MANAGER, "force": "true"}
        # JSON is YAML.
        self.request("PATCH", path, json.dumps(body), APPLY, query)

    def delete(self, path: str) -> None:
        self.request("DELETE", path)

    def request(
        self,
        method: str,
        path: str,
        body: Any = None,
        content_type: str = "application/json",
        query: dict[str, str] | None = None,
    ) -> Object:
        """:param path: may have a query of its own."""
        response = self._client.request(
            method,
            path,
            body=body,
            query_params=list((query or {}).items()),
            content_type=content_type,
            serialize=False,
            _request_timeout=TIMEOUT_SECONDS,
        )
        found: Object = json.loads(response.data)
        return found
