# SPDX-License-Identifier: Apache-2.0
"""The one file that talks to the API server.

Objects are plain dicts, "not found" is None, everything else that is not success is an ApiError.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from http.client import HTTPException
from typing import Any

from ..domain.errors import ApiError, Expired, api_error
from . import cause

try:
    import urllib3
    from kubernetes.client.exceptions import ApiException
    from urllib3.exceptions import HTTPError, MaxRetryError
except ImportError:  # AnsibleK8SModule reports it with the name of the package
    urllib3 = None  # type: ignore[assignment]

    # Types that nothing raises: with Exception itself the except clauses below would mean everything.
    class ApiException(Exception):  # type: ignore[no-redef]
        pass

    class HTTPError(Exception):  # type: ignore[no-redef]
        pass

    class MaxRetryError(HTTPError):  # type: ignore[no-redef]
        pass


# What comes out of the client before, or past, what is made an ApiError of here: also as it is set up.
CLIENT_ERRORS: tuple[type[Exception], ...] = (ApiException, HTTPError)
PAGE = 200
# With a parameter: of the bare type clients from 25 to 36 make JSON themselves, also of what is JSON already.
APPLY = "application/apply-patch+yaml; charset=utf-8"
MERGE_PATCH = "application/merge-patch+json"
METADATA_ONLY = "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1"
RETRIED = (429, 502, 503, 504)
CONNECTIONS = 64
TIMEOUT_SECONDS = 60
# What is not the API server's own answer, but that of something behind it.
TEXT_SECONDS = 10
RETRY_AFTER_MAX = 30.0
INCOMPLETE_ANSWERS_MAX = 3

# Within the class `list` is a method.
Query = list[tuple[str, Any]]
Objects = list[dict[str, Any]]
Kept = Callable[[dict[str, Any]], dict[str, Any]]


class ClusterApi:
    """One API server. Safe to share between threads; create it before they start.

    :param client: kubernetes.core's K8SClient; its dry_run makes every write a server-side dry run.
    :param resend: send again what was turned away or not answered, for who has no loop that does (engine/requests.py).
    """

    def __init__(self, client: Any, resend: bool = False) -> None:
        self._dynamic = client.client
        self.dry_run: bool = client.dry_run
        pool = self._dynamic.client.rest_client.pool_manager.connection_pool_kw
        pool["maxsize"] = CONNECTIONS
        pool["retries"] = _retries() if resend else False
        self._torn_answers_max = INCOMPLETE_ANSWERS_MAX if resend else 0

    def get(self, path: str) -> dict[str, Any] | None:
        """One object, or None."""
        return self._json("get", path, missing_ok=True)

    def get_text(self, path: str) -> str:
        """What a subresource answers that is no object, such as a page that is asked of a pod; with its query."""
        try:
            content: bytes = self._send("get", path, [], accept="*/*", timeout=TEXT_SECONDS).data
            return content.decode(errors="replace")
        except ApiException as error:
            raise _error("get", path, error) from None
        except (HTTPError, HTTPException, OSError) as error:
            raise api_error(f"get {path}", 0, cause.told(error)) from error

    def list(
        self,
        path: str,
        label_selector: str = "",
        metadata_only: bool = False,
        field_selector: str = "",
        kept: Kept | None = None,
    ) -> tuple[list[dict[str, Any]], str]:
        """All objects, read in pages; and the resourceVersion that a watch goes on from.

        :param kept: what to keep of each, page by page.
        """
        query: dict[str, Any] = {"limit": PAGE}
        if label_selector:
            query["labelSelector"] = label_selector
        if field_selector:
            query["fieldSelector"] = field_selector
        accept = METADATA_ONLY if metadata_only else ""
        try:
            return self._pages(path, query, accept, kept)
        except Expired:
            # The pages of one LIST are of one moment, which the API server may forget in between.
            return self._pages(path, query, accept, kept)

    def first(self, path: str, label_selector: str, count: int) -> Objects:
        """Some of the objects, as metadata."""
        query = {"limit": count, "labelSelector": label_selector}
        return (self._json("get", path, query=query, accept=METADATA_ONLY) or {}).get("items") or []

    def _pages(self, path: str, query: dict[str, Any], accept: str, kept: Kept | None) -> tuple[Objects, str]:
        items: Objects = []
        following = ""
        while True:
            more = {"continue": following} if following else {}
            page = self._json("get", path, query={**query, **more}, accept=accept) or {}
            found = page.get("items") or []
            items += map(kept, found) if kept else found
            metadata = page.get("metadata") or {}
            following = metadata.get("continue", "")
            if not following:
                return items, metadata.get("resourceVersion", "")

    def watch(self, path: str, resource_version: str, seconds: int) -> Iterator[tuple[str, dict[str, Any]]]:
        """(type, object) of each change since resource_version.

        :raises Expired: the resourceVersion is too old; list again.
        """

        query = [("watch", "true"), ("resourceVersion", resource_version), ("timeoutSeconds", str(seconds))]
        try:
            with self._send("get", path, query, timeout=(TIMEOUT_SECONDS, seconds + 10)) as response:
                for line in _lines(response):
                    event = json.loads(line)
                    if event["type"] == "ERROR":
                        status = event["object"]
                        raise api_error(f"watch {path}", status.get("code", 0), status.get("message", ""))
                    yield event["type"], event["object"]
        except ApiException as error:
            raise _error("watch", path, error) from None
        except (HTTPError, HTTPException, OSError) as error:
            raise api_error(f"watch {path}", 0, cause.told(error)) from error

    def create(self, path: str, body: dict[str, Any], manager: str, rehearsal: bool = False) -> dict[str, Any]:
        """:param rehearsal: a dry run, to learn whether it would be taken.

        :raises Conflict: it exists.
        """
        dry = {"dryRun": "All"} if rehearsal else {}
        return self._json("post", path, body, {"fieldManager": manager, **dry}) or {}

    def apply(self, path: str, body: dict[str, Any], manager: str) -> dict[str, Any]:
        """Server-side apply; takes over fields that others own, as `body` was computed from what was read.

        :raises Conflict: the object is not the one, or not as it was, when it was read.
        """
        query = {"fieldManager": manager, "force": "true"}
        return self._json("patch", path, body, query, content_type=APPLY) or {}

    def replace(self, path: str, body: dict[str, Any], manager: str) -> dict[str, Any]:
        """:raises Conflict: it changed since `body`'s resourceVersion."""
        return self._json("put", path, body, {"fieldManager": manager}) or {}

    def merge_patch(self, path: str, body: dict[str, Any], manager: str) -> dict[str, Any]:
        """JSON merge patch (RFC 7386): null deletes a field."""
        return self._json("patch", path, body, {"fieldManager": manager}, content_type=MERGE_PATCH) or {}

    def delete(self, path: str, preconditions: dict[str, Any] | None = None) -> bool:
        """False: it was gone already.

        :param preconditions: the uid and the resourceVersion that it has to have.
        :raises Conflict: it has others.
        """
        options: dict[str, Any] = {"propagationPolicy": "Background"}
        if self.dry_run:
            # Where a DELETE has a body, the API server reads no option from the query: not this one either.
            options["dryRun"] = ["All"]
        if preconditions:
            options["preconditions"] = preconditions
        return self._json("delete", path, options, missing_ok=True) is not None

    def _json(
        self,
        method: str,
        path: str,
        body: dict[str, Any] | None = None,
        query: dict[str, Any] | None = None,
        content_type: str = "application/json",
        accept: str = "",
        missing_ok: bool = False,
    ) -> dict[str, Any] | None:
        query = dict(query or {})
        if self.dry_run and method != "get":
            query["dryRun"] = "All"
        left = self._torn_answers_max
        while True:
            try:
                response = self._send(method, path, list(query.items()), body, content_type, accept)
                result: dict[str, Any] = json.loads(response.data)
                return result
            except ApiException as error:
                if missing_ok and error.status == 404:
                    return None
                raise _error(method, path, error) from None
            except (HTTPError, HTTPException, OSError, ValueError) as error:
                # ValueError: the answer was cut off, or is a proxy's. A body that is cut off is past urllib3's retries.
                if not left or isinstance(error, MaxRetryError):
                    raise api_error(f"{method} {path}", 0, cause.told(error)) from error
                left -= 1

    def _send(
        self,
        method: str,
        path: str,
        query: Query,
        body: dict[str, Any] | None = None,
        content_type: str = "application/json",
        accept: str = "",
        timeout: Any = TIMEOUT_SECONDS,
    ) -> Any:
        return self._dynamic.request(
            method,
            path,
            # JSON is YAML.
            body=json.dumps(body) if content_type == APPLY else body,
            query_params=query,
            header_params={"Accept": accept} if accept else {},
            content_type=content_type,
            serialize=False,
            _request_timeout=timeout,
        )


def _lines(response: Any) -> Iterator[bytes]:
    """The lines of a chunked answer, each as soon as it is whole."""
    rest = b""
    for chunk in response.stream():
        *lines, rest = (rest + chunk).split(b"\n")
        yield from filter(None, lines)


def _error(method: str, path: str, error: Any) -> ApiError:
    """The sentence of the API server's Status object, without headers or trace."""
    try:
        message = json.loads(error.body)["message"]
    except (TypeError, ValueError, KeyError):
        message = str(error.reason or error.body or error)
    return api_error(f"{method} {path}", error.status or 0, message, retry_after(error.headers))


def retry_after(headers: Any) -> float:
    """Seconds, where the server asks for a pause (RFC 9110, 10.2.3); the other form, a date, no API server sends."""
    value = str((headers or {}).get("Retry-After") or "")
    return min(float(value), RETRY_AFTER_MAX) if value.isascii() and value.isdigit() else 0.0


def _retries() -> Any:
    return urllib3.Retry(
        total=6, backoff_factor=0.4, status_forcelist=RETRIED, allowed_methods=None, raise_on_status=False
    )


def now_rfc3339() -> str:
    """UTC, to the second, as Kubernetes writes times."""
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
