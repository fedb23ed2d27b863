# SPDX-License-Identifier: Apache-2.0
"""The proxy against a server of its own: what it passes on, what it makes of it, and what it counts."""

from __future__ import annotations

import http.client
import json
import threading
import urllib.parse
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.faults.proxy import Proxy
from tests.faults.troubles import AtWrite, Bursts, CutWatches, LostAnswers, Moment, Trouble


class Server(ThreadingHTTPServer):
    """Answers each request with what it was; a watch has as many events as are asked for."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.asked: list[str] = []


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Server

    def _serve(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0)).decode()
        self.server.asked.append(f"{self.command} {self.path}")
        self.send_response(201 if self.command == "POST" else 200)
        if "watch=true" in self.path:
            self.send_header("Transfer-Encoding", "chunked")
            self.end_headers()
            for number in range(5):
                line = json.dumps({"number": number}).encode() + b"\n"
                self.wfile.write(b"%x\r\n%s\r\n" % (len(line), line))
                self.wfile.flush()
            self.wfile.write(b"0\r\n\r\n")
            return
        content = json.dumps({"body": body, "token": self.headers["Authorization"]}).encode()
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    do_GET = do_POST = do_PATCH = do_DELETE = _serve

    def log_message(self, format: str, *arguments: Any) -> None:
        pass


@pytest.fixture
def server() -> Iterator[Server]:
    found = Server()
    threading.Thread(target=found.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
    yield found
    found.shutdown()
    found.server_close()


@pytest.fixture
def proxy(server: Server, tmp_path: Path) -> Iterator[Proxy]:
    path = tmp_path / "kubeconfig"
    cluster = {"server": f"http://127.0.0.1:{server.server_address[1]}"}
    path.write_text(yaml.safe_dump({"clusters": [{"name": "x", "cluster": cluster}], "users": ["of mine"]}))
    with Proxy(path, tmp_path) as found:
        yield found


def ask(proxy: Proxy, method: str, path: str, body: str = "") -> tuple[int, bytes, str]:
    address = yaml.safe_load(Path(proxy.kubeconfig).read_text())["clusters"][0]["cluster"]["server"]
    connection = http.client.HTTPConnection(urllib.parse.urlsplit(address).netloc, timeout=20)
    try:
        connection.request(method, path, body or None, {"Authorization": "Bearer x"})
        response = connection.getresponse()
        return response.status, response.read(), response.headers.get("Retry-After", "")
    finally:
        connection.close()


def test_what_is_asked_and_answered_is_passed_on(proxy: Proxy) -> None:
    status, content, _ = ask(proxy, "POST", "/api/v1/pods?x=1", '{"a": 1}')
    assert (status, json.loads(content)) == (201, {"body": '{"a": 1}', "token": "Bearer x"})
    assert ask(proxy, "GET", "/watched?watch=true")[1].count(b"\n") == 5
    assert yaml.safe_load(Path(proxy.kubeconfig).read_text())["users"] == ["of mine"]


def test_only_what_changes_something_is_a_write(proxy: Proxy) -> None:
    ask(proxy, "GET", "/a")
    ask(proxy, "PATCH", "/b?dryRun=All", "{}")
    ask(proxy, "DELETE", "/c", '{"dryRun": ["All"]}')
    ask(proxy, "DELETE", "/d", "{}")
    ask(proxy, "PATCH", "/e", '{"dryRun": 1}')
    assert [(str(one.request), one.status) for one in proxy.writes()] == [("DELETE /d", 200), ("PATCH /e", 200)]
    assert len(proxy.since()) == 5


def test_in_a_burst_requests_are_turned_away_and_not_passed_on(proxy: Proxy, server: Server) -> None:
    bursts = proxy.trouble = Bursts(seed=1, share=1.0, seconds=600)
    answers = [ask(proxy, "GET", "/a") for _ in range(30)]
    assert {status for status, _, _ in answers} == {429, 502, 503, 504}
    assert {(status, after) for status, _, after in answers if after} == {(429, "1")}
    assert server.asked == [] and sum(bursts.met.values()) == 30


def test_a_lost_answer_is_of_a_request_that_was_done(proxy: Proxy, server: Server) -> None:
    proxy.trouble = LostAnswers(seed=1, share=0.0)
    with pytest.raises(http.client.RemoteDisconnected):
        ask(proxy, "POST", "/a", "{}")
    assert ask(proxy, "POST", "/a", "{}")[0] == 201
    assert ask(proxy, "GET", "/a")[0] == 200
    assert server.asked == ["POST /a", "POST /a", "GET /a"]
    assert [one.status for one in proxy.writes()] == [0, 201]


def test_a_watch_is_cut_in_the_middle_of_an_event(proxy: Proxy) -> None:
    cut = proxy.trouble = CutWatches(events=3)
    with pytest.raises(http.client.IncompleteRead) as error:
        ask(proxy, "GET", "/watched?watch=true")
    assert error.value.partial.count(b"\n") < 3 and cut.count == 1


@pytest.mark.parametrize("moment", Moment)
def test_something_happens_about_the_nth_write(proxy: Proxy, server: Server, moment: Moment) -> None:
    seen: list[list[str]] = []
    over = threading.Event()

    def act() -> None:
        seen.append(list(server.asked))
        over.set()

    proxy.trouble = AtWrite(2, moment, act)
    answers = [ask(proxy, *asked, "{}")[0] for asked in (("PATCH", "/a"), ("GET", "/b"), ("PATCH", "/c"))]
    assert over.wait(10) and ask(proxy, "PATCH", "/d")[0] == 200
    before = moment == Moment.BEFORE
    assert seen == [["PATCH /a", "GET /b", *([] if before else ["PATCH /c"])]]
    assert answers == [200, 200, 503 if before else 200]


def test_without_a_server_there_is_no_answer(proxy: Proxy, server: Server) -> None:
    proxy.trouble = Trouble()
    server.shutdown()
    server.server_close()
    with pytest.raises(http.client.RemoteDisconnected):
        ask(proxy, "GET", "/a")
    assert [one.status for one in proxy.since()] == [0]
