# SPDX-License-Identifier: Apache-2.0
"""More at once than there is room for, in each Envoy: it costs bodies in traces, and traffic nothing."""

import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from tests.filter.envoy.bootstrap import bootstrap, cluster, listener, trace_filter
from tests.filter.envoy.process import poll, request, running
from tests.filter.envoy.scene import CONFIGURATION
from tests.filter.envoy.scripted import Wire, scripted
from tests.filter.envoy.servers import DEADLINE_SECONDS, BackendHandler, serving

STREAMS = 300
BODY = bytes(range(256)) * 4000
"""About 1 MB, as is the default limit: one that fits is whole in its trace."""


class Held:
    """Takes a request with its body, and answers with one as large when it is told to."""

    def __init__(self) -> None:
        self.whole = threading.Semaphore(0)
        self.go = threading.Event()

    def __call__(self, wire: Wire) -> None:
        assert wire.rfile.read(len(BODY)) == BODY
        self.whole.release()
        self.go.wait(DEADLINE_SECONDS)
        wire.say(b"HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: %d\r\n\r\n" % len(BODY) + BODY)


def test_large_bodies_of_many_streams(program: Path, released: Path, tmp_path: Path) -> None:
    held = Held()
    traced = listener("traced", trace_filter(released, CONFIGURATION))
    with scripted({"held": held}) as upstream, serving(BackendHandler) as backend, ThreadPoolExecutor(STREAMS) as pool:
        clusters = [cluster("upstream", upstream.port), cluster("backend", backend.port)]
        with running(program, bootstrap([traced], clusters), tmp_path) as envoy:
            port = envoy.port("traced")
            answers = [pool.submit(request, port, "POST", f"/held/{number}", BODY) for number in range(STREAMS)]
            assert all(held.whole.acquire(timeout=DEADLINE_SECONDS) for _ in range(STREAMS))
            envoy.wait_for_metric("memory_bytes", lambda value: value > 1024 * 1024)
            assert envoy.metrics()["memory_bytes"] <= 16 * 1024 * 1024
            held.go.set()
            for answer in answers:
                assert (answer.result().status, answer.result().body == BODY) == (200, True)
            poll(lambda: envoy.metrics()["sent"] + envoy.metrics()["dropped"] == STREAMS, "an end of each")
            envoy.wait_for_metric("memory_bytes", lambda value: value == 0)
            metrics = envoy.metrics()
            documents = [post.document for post in backend.received]
            assert metrics["sent"] == len(documents) > 0
            sides = [(document["scnt_request"], document["scnt_response"]) for document in documents]
            cut = sum(sent["truncated_body"] or received["truncated_body"] for sent, received in sides)
            # A trace that was cut may be among those that were dropped then.
            assert 0 < cut <= metrics["truncated"] <= cut + metrics["dropped"]
