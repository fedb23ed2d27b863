# SPDX-License-Identifier: Apache-2.0
"""What goes over the wire, and what comes of the answers."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pytest
import urllib3
from ansible_collections.openclarity.wasm_filters.plugins.module_utils.cluster.api import (
    CONNECTIONS,
    INCOMPLETE_ANSWERS_MAX,
    PAGE,
    ClusterApi,
    now_rfc3339,
)
from ansible_collections.openclarity.wasm_filters.plugins.module_utils.domain.errors import (
    ApiError,
    Conflict,
    Expired,
    Forbidden,
    Unreachable,
)
from kubernetes.client.exceptions import ApiException
from urllib3 import HTTPConnectionPool
from urllib3.exceptions import MaxRetryError, ProtocolError

POD = "/api/v1/namespaces/shop/pods/web"


class Answer:
    def __init__(self, body: Any = None, chunks: list[bytes] | None = None, broken: Exception | None = None) -> None:
        self.data = json.dumps(body).encode()
        self._chunks = chunks or []
        self._broken = broken

    def __enter__(self) -> Answer:
        return self

    def __exit__(self, *_exception: object) -> None:
        pass

    def stream(self) -> Iterator[bytes]:
        yield from self._chunks
        if self._broken:
            raise self._broken


class Wire:
    """Stands in for kubernetes.core's client: answers in the order given."""

    def __init__(self, *answers: Any, dry_run: bool = False) -> None:
        self.answers = list(answers)
        self.sent: list[dict[str, Any]] = []
        self.pool: dict[str, Any] = {}
        rest = SimpleNamespace(rest_client=SimpleNamespace(pool_manager=SimpleNamespace(connection_pool_kw=self.pool)))
        self.client = SimpleNamespace(client=rest, request=self.request)
        self.dry_run = dry_run

    def request(self, method: str, path: str, **options: Any) -> Any:
        self.sent.append({"method": method, "path": path, **options, "query": dict(options["query_params"])})
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer if isinstance(answer, Answer) else Answer(answer)


def refusal(status: int, body: Any = None, reason: str = "") -> ApiException:
    error = ApiException(status=status, reason=reason)
    error.body = json.dumps(body) if isinstance(body, dict) else body
    return error


def page(names: list[str], more: str = "") -> dict[str, Any]:
    items = [{"metadata": {"name": name}} for name in names]
    return {"items": items, "metadata": {"resourceVersion": "9", **({"continue": more} if more else {})}}


def test_get() -> None:
    wire = Wire({"kind": "Pod"}, refusal(404))
    api = ClusterApi(wire)
    assert api.get(POD) == {"kind": "Pod"}
    assert api.get(POD) is None
    assert [(sent["method"], sent["path"], sent["query"]) for sent in wire.sent] == [("get", POD, {})] * 2


def test_a_page_of_a_pod_is_handed_on_as_it_is() -> None:
    page = "# TYPE a gauge\na{} 1\n\xff"
    answer = Answer()
    answer.data = page.encode("latin-1")
    wire = Wire(answer)
    path = f"{POD}:15090/proxy/stats/prometheus?filter=a"
    assert ClusterApi(wire).get_text(path) == "# TYPE a gauge\na{} 1\n\N{REPLACEMENT CHARACTER}"
    (sent,) = wire.sent
    assert (sent["method"], sent["path"], sent["query"]) == ("get", path, {})


def test_a_pod_that_gives_no_page() -> None:
    for refusal in (ApiException(status=503, reason="no route to host"), ProtocolError("reset")):
        with pytest.raises(ApiError):
            ClusterApi(Wire(refusal)).get_text(POD)


def test_a_list_is_read_in_pages() -> None:
    wire = Wire(page(["a", "b"], "next"), page(["c"]))
    items, version = ClusterApi(wire).list("/api/v1/pods", "a=b", metadata_only=True)
    assert [item["metadata"]["name"] for item in items] == ["a", "b", "c"]
    assert version == "9"
    assert [sent["query"].get("continue") for sent in wire.sent] == [None, "next"]
    for sent in wire.sent:
        assert sent["query"]["labelSelector"] == "a=b"
        assert sent["query"]["limit"] == PAGE
        assert "PartialObjectMetadataList" in sent["header_params"]["Accept"]


def test_the_first_ones_are_read_by_one_request() -> None:
    wire = Wire(page(["a", "b"], "next"), {})
    api = ClusterApi(wire)
    assert [item["metadata"]["name"] for item in api.first("/api/v1/pods", "a=b", 2)] == ["a", "b"]
    assert api.first("/api/v1/pods", "a=b", 2) == []
    assert wire.sent[0]["query"] == {"limit": 2, "labelSelector": "a=b"}
    assert "PartialObjectMetadataList" in wire.sent[0]["header_params"]["Accept"]


def test_a_list_whose_moment_was_forgotten_begins_again_once() -> None:
    wire = Wire(page(["a", "b"], "next"), refusal(410), page(["a"], "more"), page(["c"]))
    items, _version = ClusterApi(wire).list("/api/v1/pods", "a=b")
    assert [item["metadata"]["name"] for item in items] == ["a", "c"]
    assert [sent["query"].get("continue") for sent in wire.sent] == [None, "next", None, "more"]
    wire = Wire(page(["a"], "next"), refusal(410), page(["a"], "next"), refusal(410), page(["a"]))
    with pytest.raises(Expired):
        ClusterApi(wire).list("/api/v1/pods")
    assert len(wire.sent) == 4


def test_a_rehearsal_is_dry_in_every_mode() -> None:
    for dry_run in (False, True):
        wire = Wire({}, dry_run=dry_run)
        ClusterApi(wire).create("/x", {}, "me", rehearsal=True)
        assert written(wire) == [("post", "application/json", {"fieldManager": "me", "dryRun": "All"})]


def test_a_list_of_whole_objects_without_a_selector() -> None:
    wire = Wire({"items": None})
    assert ClusterApi(wire).list("/api/v1/pods") == ([], "")
    assert "labelSelector" not in wire.sent[0]["query"]
    assert wire.sent[0]["header_params"] == {}


def written(wire: Wire) -> list[tuple[str, str, dict[str, Any]]]:
    return [(sent["method"], sent["content_type"], sent["query"]) for sent in wire.sent]


@pytest.mark.parametrize("dry_run", [False, True])
def test_writes_name_their_manager_and_are_dry_in_check_mode(dry_run: bool) -> None:
    wire = Wire(*[{}] * 5, dry_run=dry_run)
    api = ClusterApi(wire)
    api.create("/x", {}, "me")
    api.apply("/x", {}, "me")
    api.replace("/x", {}, "me")
    api.merge_patch("/x", {}, "me")
    api.delete("/x")
    dry = {"dryRun": "All"} if dry_run else {}
    assert written(wire) == [
        ("post", "application/json", {"fieldManager": "me", **dry}),
        ("patch", "application/apply-patch+yaml; charset=utf-8", {"fieldManager": "me", "force": "true", **dry}),
        ("put", "application/json", {"fieldManager": "me", **dry}),
        ("patch", "application/merge-patch+json", {"fieldManager": "me", **dry}),
        ("delete", "application/json", dry),
    ]


@pytest.mark.parametrize("dry_run", [False, True])
def test_a_deletion_is_dry_by_its_body_as_the_query_is_not_read_beside_one(dry_run: bool) -> None:
    wire = Wire({}, dry_run=dry_run)
    ClusterApi(wire).delete("/x")
    dry = {"dryRun": ["All"]} if dry_run else {}
    assert wire.sent[0]["body"] == {"propagationPolicy": "Background", **dry}


def test_a_deletion_may_be_of_one_very_object() -> None:
    wire = Wire({})
    ClusterApi(wire).delete("/x", {"uid": "u", "resourceVersion": "7"})
    assert wire.sent[0]["body"]["preconditions"] == {"uid": "u", "resourceVersion": "7"}


def test_reads_are_never_dry() -> None:
    wire = Wire({}, dry_run=True)
    ClusterApi(wire).get(POD)
    assert wire.sent[0]["query"] == {}


def test_delete_of_what_is_gone() -> None:
    api = ClusterApi(Wire({}, refusal(404)))
    assert api.delete(POD)
    assert not api.delete(POD)


@pytest.mark.parametrize(("status", "kind"), [(403, Forbidden), (409, Conflict), (410, Expired), (422, ApiError)])
def test_a_refusal_has_its_type_and_the_sentence_of_the_api_server(status: int, kind: type[ApiError]) -> None:
    with pytest.raises(kind) as caught:
        ClusterApi(Wire(refusal(status, {"kind": "Status", "message": "no, because"}))).create(POD, {}, "me")
    assert str(caught.value) == f"failed to post {POD}: no, because (HTTP {status})"


@pytest.mark.parametrize(
    ("body", "said"), [("<html>busy</html>", "Bad Gateway"), (None, "Bad Gateway"), ("[]", "Bad Gateway")]
)
def test_a_refusal_of_a_proxy_before_it(body: str | None, said: str) -> None:
    with pytest.raises(ApiError, match=said):
        ClusterApi(Wire(refusal(502, body, "Bad Gateway"))).get(POD)


@pytest.mark.parametrize(
    "error", [MaxRetryError(HTTPConnectionPool("x"), POD), ProtocolError("reset"), ConnectionResetError("reset")]
)
def test_no_answer_at_all(error: Exception) -> None:
    for resend in (False, True):
        with pytest.raises(Unreachable) as caught:
            ClusterApi(Wire(*[error] * (INCOMPLETE_ANSWERS_MAX + 1)), resend).get(POD)
        assert caught.value.status == 0
    with pytest.raises(Unreachable):
        list(ClusterApi(Wire(error)).watch(POD, "1", 5))


def test_what_urllib3_has_given_up_is_given_up() -> None:
    wire = Wire(*[MaxRetryError(HTTPConnectionPool("x"), POD)] * 2)
    with pytest.raises(Unreachable):
        ClusterApi(wire, resend=True).get(POD)
    assert len(wire.sent) == 1


@pytest.mark.parametrize(("value", "seconds"), [("3", 3.0), ("300", 30.0), (None, 0.0), ("soon", 0.0), ("-1", 0.0)])
def test_the_pause_that_a_server_asks_for_is_handed_on_within_bounds(value: str | None, seconds: float) -> None:
    error = refusal(429, {"message": "busy"})
    error.headers = {"Retry-After": value} if value else None
    with pytest.raises(ApiError) as caught:
        ClusterApi(Wire(error)).get(POD)
    assert (caught.value.status, caught.value.retry_after) == (429, seconds)


def event(kind: str, name: str) -> bytes:
    return json.dumps({"type": kind, "object": {"metadata": {"name": name}}}).encode() + b"\n"


def test_a_watch_gives_each_event_however_it_was_cut() -> None:
    stream = event("ADDED", "é") + event("MODIFIED", "b") + b"\n" + event("DELETED", "c")
    for size in (1, 7, 1000):
        chunks = [stream[at : at + size] for at in range(0, len(stream), size)]
        wire = Wire(Answer(chunks=chunks))
        events = [(kind, found["metadata"]["name"]) for kind, found in ClusterApi(wire).watch("/api/v1/pods", "5", 30)]
        assert events == [("ADDED", "é"), ("MODIFIED", "b"), ("DELETED", "c")]
        assert wire.sent[0]["query"] == {"watch": "true", "resourceVersion": "5", "timeoutSeconds": "30"}


def test_a_watch_that_is_cut_off_keeps_what_came_before() -> None:
    api = ClusterApi(Wire(Answer(chunks=[event("ADDED", "a"), b'{"type": "AD'], broken=ProtocolError("reset"))))
    events = api.watch("/api/v1/pods", "5", 30)
    assert next(events)[0] == "ADDED"
    with pytest.raises(Unreachable):
        next(events)


def test_a_watch_that_is_too_old() -> None:
    gone = json.dumps({"type": "ERROR", "object": {"code": 410, "message": "too old"}}).encode() + b"\n"
    with pytest.raises(Expired, match="too old"):
        list(ClusterApi(Wire(Answer(chunks=[gone]))).watch("/api/v1/pods", "5", 30))
    with pytest.raises(Expired):
        list(ClusterApi(Wire(refusal(410))).watch("/api/v1/pods", "5", 30))


def test_many_threads_have_connections() -> None:
    wire = Wire()
    ClusterApi(wire)
    assert wire.pool["maxsize"] == CONNECTIONS
    # Whoever has a loop sends again by it, under the deadline of what it does.
    assert wire.pool["retries"] is False


def test_without_a_loop_each_is_retried() -> None:
    wire = Wire()
    ClusterApi(wire, resend=True)
    retries = wire.pool["retries"]
    # Also of writes: None means every method.
    assert retries.allowed_methods is None
    assert {429, 503} <= set(retries.status_forcelist)
    # 500 is what a broken webhook gives for every workload of a fleet.
    assert not {409, 500} & set(retries.status_forcelist)


def test_retries_are_asked_for_in_words_of_urllib3_1_26(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(urllib3, "Retry", lambda **asked: asked)
    wire = Wire()
    ClusterApi(wire, resend=True)
    known = {"total", "allowed_methods", "status_forcelist", "backoff_factor", "raise_on_status"}
    assert set(wire.pool["retries"]) <= known, "backoff_jitter, for one, came with 2.0"


def test_an_apply_is_sent_as_text_which_every_client_hands_on() -> None:
    wire = Wire({})
    ClusterApi(wire).apply("/x", {"metadata": {"name": "é"}}, "me")
    assert json.loads(wire.sent[0]["body"]) == {"metadata": {"name": "é"}}


def test_times_are_written_as_kubernetes_writes_them() -> None:
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", now_rfc3339())
