# SPDX-License-Identifier: Apache-2.0
"""What a pod's worker asks of the API server, in the words of its work."""

from __future__ import annotations

import contextlib
import time
from typing import Any

from ..kubernetes_api import Api, ApiError
from .status import timestamp

Object = dict[str, Any]
TOKEN_REFRESH = 0.8
"""Of a token's life; a kubelet renews at the same share."""

_PLURALS = {"ConfigMap": "configmaps", "Secret": "secrets"}


class PodCluster:
    """For one pod; not to be shared between threads."""

    def __init__(self, api: Api, pod: Object) -> None:
        self._api = api
        self._name, self._uid = pod["metadata"]["name"], pod["metadata"]["uid"]
        self._namespace = pod["metadata"]["namespace"]
        self._account = pod["spec"].get("serviceAccountName") or "default"
        self._base = f"/api/v1/namespaces/{self._namespace}"
        self._immutable: dict[tuple[str, str], Object] = {}
        self._tokens: dict[str, tuple[str, float]] = {}
        self._events: dict[str, tuple[str, int]] = {}

    def fetch(self, kind: str, name: str) -> Object | None:
        known = self._immutable.get((kind, name))
        if known:
            return known
        try:
            found = self._api.get(f"{self._base}/{_PLURALS[kind]}/{name}")
        except ApiError as error:
            if error.status == 404:
                return None
            raise
        if found.get("immutable"):
            self._immutable[kind, name] = found
        return found

    def token(self, source: Object) -> str:
        token, renew = self._tokens.get(source["path"], ("", 0.0))
        if time.time() < renew:
            return token
        spec: Object = {
            "expirationSeconds": source.get("expirationSeconds", 3600),
            "boundObjectRef": {"kind": "Pod", "apiVersion": "v1", "name": self._name, "uid": self._uid},
        }
        if source.get("audience"):
            spec["audiences"] = [source["audience"]]
        answer = self._api.create(f"{self._base}/serviceaccounts/{self._account}/token", {"spec": spec})
        token = answer["status"]["token"]
        self._tokens[source["path"]] = (token, time.time() + spec["expirationSeconds"] * TOKEN_REFRESH)
        return token

    def set_status(self, status: Object) -> None:
        # The uid keeps a late report from reaching a successor of the same name.
        body = {"metadata": {"uid": self._uid}, "status": status}
        with _gone_is_fine():
            self._api.patch(f"{self._base}/pods/{self._name}/status", body)

    def confirm_deletion(self) -> None:
        options = {"kind": "DeleteOptions", "apiVersion": "v1", "gracePeriodSeconds": 0}
        with _gone_is_fine():
            self._api.delete(f"{self._base}/pods/{self._name}", {**options, "preconditions": {"uid": self._uid}})

    def event(self, reason: str, message: str, kind: str = "Warning") -> None:
        """The same message again counts up one event, as a kubelet's recorder does."""
        now = timestamp(time.time())
        with _gone_is_fine():
            known = self._events.get(message)
            if known:
                name, count = known[0], known[1] + 1
                self._api.patch(f"{self._base}/events/{name}", {"count": count, "lastTimestamp": now})
                self._events[message] = (name, count)
                return
            involved = {"kind": "Pod", "apiVersion": "v1", "namespace": self._namespace}
            created = self._api.create(
                f"{self._base}/events",
                {
                    "metadata": {"generateName": f"{self._name}."},
                    "involvedObject": {**involved, "name": self._name, "uid": self._uid},
                    "reason": reason,
                    "message": message,
                    "type": kind,
                    "count": 1,
                    "firstTimestamp": now,
                    "lastTimestamp": now,
                    "source": {"component": "kubelet", "host": "real-0"},
                },
            )
            self._events[message] = (created["metadata"]["name"], 1)


@contextlib.contextmanager
def _gone_is_fine() -> Any:
    """404 or conflict of uid: the pod, or its whole namespace, went away meanwhile; 403: the namespace is ending."""
    try:
        yield
    except ApiError as error:
        if error.status not in (403, 404, 409):
            raise
