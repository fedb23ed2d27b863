# SPDX-License-Identifier: Apache-2.0
"""What an exchange costs, by counts that are the same on every machine: `make count-filter` records them.

`costs.json` has the counts of a hundred exchanges for each case, and docs/filter-figures.md the table made of them.
test_costs.py compares the filter in filter/dist with what is recorded.
"""

from __future__ import annotations

import json
import re
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from bench import traffic, wasm_build
from tests.filter.builds import RELEASED, ROOT
from tests.filter.host.counting import CountingMachine, Counts
from tests.filter.host.machine import (
    CALL_RESPONSE_BODY,
    CALL_RESPONSE_HEADERS,
    PLUGIN_CONFIGURATION,
    REQUEST_BODY,
    REQUEST_HEADERS,
    RESPONSE_BODY,
    RESPONSE_HEADERS,
)
from tests.filter.host.proxy import BACKEND, PROPERTIES
from tests.filter.host.wire import Pair

RECORD = Path(__file__).with_name("costs.json")
DOCUMENT = ROOT / "docs" / "filter-figures.md"
EXCHANGES = 100
ROOT_ID = 1
MARK = re.compile(r"(?<=<!-- Written by `make count-filter`, do not edit -->\n).*?(?=<!-- End of the counts -->)", re.S)
MEMORY = "proxy_on_memory_allocate"


def _pairs(own: dict[str, str], headers: dict[str, str], envoys: dict[str, str]) -> list[Pair]:
    named = {**own, **{name: value for name, value in headers.items() if name != "host"}, **envoys}
    return [(name.encode(), value.encode()) for name, value in named.items()]


# The exchange of `make bench-filter`, with what Envoy adds to it.
REQUEST = _pairs(
    {":authority": traffic.REQUEST_HEADERS["host"], ":path": traffic.PATH, ":method": "POST", ":scheme": "http"},
    traffic.REQUEST_HEADERS,
    {
        "content-length": str(len(traffic.REQUEST_BODY)),
        "x-forwarded-proto": "http",
        "x-request-id": "7b0a3c52-9f4e-4c1d-8a6b-2d5e7f901234",
    },
)
RESPONSE = _pairs(
    {":status": "200"},
    traffic.RESPONSE_HEADERS,
    {"content-length": str(len(traffic.RESPONSE_BODY)), "x-envoy-upstream-service-time": "2"},
)
MARKER = (b"x-wasm-filter-trace", b"trace")


@dataclass(frozen=True)
class Case:
    name: str
    settings: dict[str, Any] = field(default_factory=dict)
    more: tuple[Pair, ...] = ()
    """Headers of the request."""
    same_connection: bool = True
    build: str = ""
    """One of the small filters that ours is compared with."""


FORMATS = ("publish", "apiclarity", "ndjson", "otlp")
CASES = [
    Case("empty filter", build="empty"),
    Case("fixed POST", build="fixed_post"),
    *(
        Case(f"{form}, bodies {bodies}", {"format": form, "bodies": bodies})
        for form in FORMATS
        for bodies in ("on", "off")
    ),
    Case("publish, each on a connection of its own", {"bodies": "on"}, same_connection=False),
    Case("left out by sample_rate", {"sample_rate": 0}),
    Case("the same, but for errors (sample_always)", {"sample_rate": 0, "sample_always": {"statuses": ["5xx"]}}),
    Case("the same, but for slow ones", {"sample_rate": 0, "sample_always": {"slower_ms": 500}}),
    Case("left out by exclude", {"exclude": {"paths": ["/api"]}}),
    Case("left out by the host allowlist", {"hosts_from": {"cluster": "sampling"}}),
    Case("a call of the filter's own (marker)", more=(MARKER,)),
]


class Driver:
    """Calls what Envoy calls for an exchange with a body both ways, in its order."""

    def __init__(self, wasm: Path, case: Case) -> None:
        self.case = case
        self.machine = machine = CountingMachine(wasm)
        text = b"x" * 2000 if case.build else json.dumps({"backend": BACKEND} | case.settings).encode()
        machine.call("proxy_on_context_create", ROOT_ID, 0)
        machine.offer.buffers = {PLUGIN_CONFIGURATION: text}
        assert machine.call("proxy_on_configure", ROOT_ID, len(text)) == 1
        machine.offer.properties = PROPERTIES | {b"xds\0cluster_name": traffic.CLUSTER.encode()}
        self.next_id = ROOT_ID + 1

    def exchange(self) -> None:
        machine, offer = self.machine, self.machine.offer
        stream, self.next_id = self.next_id, self.next_id + 1
        if not self.case.same_connection:
            offer.properties[b"connection_id"] = stream.to_bytes(8, "little")
        machine.call("proxy_on_context_create", stream, ROOT_ID)
        offer.headers = {REQUEST_HEADERS: [*REQUEST, *self.case.more]}
        machine.call("proxy_on_request_headers", stream, len(REQUEST), 0)
        offer.buffers = {REQUEST_BODY: traffic.REQUEST_BODY}
        machine.call("proxy_on_request_body", stream, len(traffic.REQUEST_BODY), 1)
        offer.headers = {RESPONSE_HEADERS: RESPONSE}
        machine.call("proxy_on_response_headers", stream, len(RESPONSE), 0)
        offer.buffers = {RESPONSE_BODY: traffic.RESPONSE_BODY.encode()}
        machine.call("proxy_on_response_body", stream, len(traffic.RESPONSE_BODY), 1)
        for export in ("proxy_on_done", "proxy_on_log", "proxy_on_delete"):
            machine.call(export, stream)
        machine.now_ns += 1_000_000
        self._answer()

    def _answer(self) -> None:
        """The backend takes what comes: at once."""
        machine = self.machine
        for call in machine.calls:
            machine.offer.headers = {CALL_RESPONSE_HEADERS: [(b":status", b"200")]}
            machine.offer.buffers = {CALL_RESPONSE_BODY: b"{}"}
            machine.call("proxy_on_http_call_response", call.root, call.token, 1, 2, 0)
        machine.calls.clear()


def count(wasm: Path, case: Case) -> Counts:
    """Of a hundred exchanges, a whole batch where there are batches, after another hundred."""
    driver = Driver(wasm, case)
    for _ in range(EXCHANGES):
        driver.exchange()
    driver.machine.counted()
    for _ in range(EXCHANGES):
        driver.exchange()
    return driver.machine.counted()


def measure(wasm: Path, folder: Path) -> dict[str, dict[str, Any]]:
    """All cases; the folder takes what is built."""
    builds = {name: wasm_build.build(name, folder) for name in ("empty", "fixed_post")}
    return {case.name: _record(count(builds.get(case.build, wasm), case)) for case in CASES}


def _record(counts: Counts) -> dict[str, Any]:
    return {
        "callbacks": dict(sorted(counts.callbacks.items())),
        "host_calls": dict(sorted(counts.host_calls.items())),
        "bytes_in": counts.bytes_in,
        "bytes_out": counts.bytes_out,
        "instructions": counts.instructions,
    }


def recorded() -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = json.loads(RECORD.read_text())
    return found


def table(record: dict[str, dict[str, Any]]) -> str:
    """Markdown, per exchange."""
    head = ["exchange", "callbacks", "for memory", "host calls", "which", "bytes in", "bytes out", "instructions"]
    lines = [head, ["---", "---:", "---:", "---:", "---", "---:", "---:", "---:"]]
    lines += [_row(name, one) for name, one in record.items()]
    return "".join("| " + " | ".join(line) + " |\n" for line in lines)


def _row(name: str, one: dict[str, Any]) -> list[str]:
    callbacks, calls = one["callbacks"], one["host_calls"]
    which = ", ".join(f"{_each(number)} {call.removeprefix('proxy_')}" for call, number in calls.items())
    numbers = [sum(callbacks.values()), callbacks.get(MEMORY, 0), sum(calls.values())]
    sizes = [f"{one[key] / EXCHANGES:,.0f}" for key in ("bytes_in", "bytes_out", "instructions")]
    return [name, *(_each(number) for number in numbers), which, *sizes]


def _each(total: int) -> str:
    return f"{total / EXCHANGES:g}"


def document(text: str, record: dict[str, dict[str, Any]]) -> str:
    """The text with the table of the record in it."""
    assert len(MARK.findall(text)) == 1
    return MARK.sub(lambda _: table(record), text)


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        record = measure(RELEASED, Path(folder))
    RECORD.write_text(json.dumps(record, indent=1) + "\n")
    DOCUMENT.write_text(document(DOCUMENT.read_text(), record))
    print(table(record), end="")


if __name__ == "__main__":
    main()
