# SPDX-License-Identifier: Apache-2.0
"""`sample_by: trace_id` takes what the collector's own probabilistic_sampler takes: 100,000 ids, and many right beside
the threshold."""

import functools
import random
import subprocess
from pathlib import Path

import pytest

from testbed.go_build import GoModule
from testbed.kept import kept
from tests.filter import probability
from tests.filter.host.machine import REQUEST_HEADERS
from tests.filter.host.proxy import REQUEST, Proxy

SOURCES = Path(__file__).with_name("sampler")
COLD_PACKAGES = 400
# In percent, as the collector has it; the filter has the same share of one.
PERCENTS = ["0.001", "0.1", "1", "5", "10", "12.5", "25", "33.3", "50", "99.9"]
IDS = 10_000
RANDOM_BITS = 56


@pytest.fixture(scope="session")
def sampler() -> Path:
    module = GoModule(SOURCES, "-s -w", COLD_PACKAGES, functools.partial(print, flush=True))
    return kept("sampler", module.key(), lambda folder: module.build(folder, ".")) / "sampler"


def collectors(sampler: Path, percent: str, spans: list[tuple[str, str]]) -> set[str]:
    lines = "".join(f"{trace_id} {state}".rstrip() + "\n" for trace_id, state in spans)
    done = subprocess.run([sampler, percent], input=lines, capture_output=True, text=True, check=True)
    return set(done.stdout.split())


def ours(wasm: Path, rate: float, spans: list[tuple[str, str]]) -> set[str]:
    proxy = Proxy(wasm, {"format": "ndjson", "sample_by": "trace_id", "sample_rate": rate})
    machine, taken = proxy.machine, set()
    for stream, (trace_id, state) in enumerate(spans, 2):
        context = [(b"traceparent", f"00-{trace_id}-00f067aa0ba902b7-00".encode()), (b"tracestate", state.encode())]
        before = proxy.metric("skipped")
        machine.call("proxy_on_context_create", stream, proxy.root)
        machine.offer.headers = {REQUEST_HEADERS: [*REQUEST, *context]}
        machine.call("proxy_on_request_headers", stream, 1, 0)
        if proxy.metric("skipped") == before:
            taken.add(trace_id)
        machine.call("proxy_on_done", stream)
        machine.calls.clear()
    return taken


def spans_around(percent: str) -> list[tuple[str, str]]:
    """Each with another trace id, at random, and a third of them close to the threshold."""
    source = random.Random(percent)
    threshold = probability.threshold(round(float(percent) * 10**7))
    found = {}
    for number in range(IDS):
        bits = source.getrandbits(RANDOM_BITS)
        if number % 3 == 0:
            bits = min(max(threshold + source.randrange(-2, 3), 0), (1 << RANDOM_BITS) - 1)
        state = ""
        if number % 7 == 0:  # Then it is this that counts.
            state, bits = f"vendor=x,ot=rv:{bits:014x}", source.getrandbits(RANDOM_BITS)
        found[f"{source.getrandbits(72):018x}{bits:014x}"] = state
    return list(found.items())


@pytest.mark.parametrize("percent", PERCENTS)
def test_the_collector_takes_the_same(sampler: Path, released: Path, percent: str) -> None:
    spans = spans_around(percent)
    assert len(spans) == IDS
    theirs = collectors(sampler, percent, spans)
    assert 0 < len(theirs) < IDS
    assert ours(released, float(percent) / 100, spans) == theirs
