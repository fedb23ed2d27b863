# SPDX-License-Identifier: Apache-2.0
"""Rounds of load: every variant in each of them, so that what disturbs the machine disturbs all alike."""

import random
import time
from collections.abc import Callable
from dataclasses import dataclass
from itertools import repeat

from bench import load, meters, traffic
from bench.sink import Counts, Sink
from bench.variants import Variant

# Before the first round, as a share of one: connections are opened, caches are filled.
WARM_UP_SHARE = 4
# Latency is measured by one client that leaves the proxy time to finish with the trace. Their number is a
# multiple of what a batch holds, as the rest of a batch would have to be waited for.
LATENCY_SHARE, LATENCY_MULTIPLE = 4, 100
LATENCY_PAUSE_SECONDS = 0.001
# Longer than a batch waits, and than a call may take.
ARRIVAL_SECONDS = 6.0


class Invalid(Exception):
    """A variant did not do what is being measured."""


@dataclass(frozen=True)
class Sample:
    """One variant in one round: CPU per request of the whole Envoy process; latency as the client saw it."""

    cpu_us: float
    p50_us: float
    p99_us: float


@dataclass(frozen=True)
class Contender:
    """A variant whose Envoy runs."""

    variant: Variant
    pid: int
    port: int


def run(
    contenders: list[Contender], sink: Sink, rounds: int, requests: int, report: Callable[[str], None]
) -> dict[str, list[Sample]]:
    """Samples by the variant's name, one per round. Raises Invalid, BadAnswer."""
    request = traffic.request_bytes()
    for contender in contenders:
        report(f"warming up: {contender.variant.name}")
        load.run([contender.port], repeat(request, requests // WARM_UP_SHARE))
    _settle(sink)
    samples: dict[str, list[Sample]] = {contender.variant.name: [] for contender in contenders}
    # Any seed: the same order in every run makes runs easier to compare.
    order = random.Random(4)
    for number in range(1, rounds + 1):
        report(f"round {number} of {rounds}")
        shuffled = order.sample(contenders, len(contenders))
        halves: dict[str, list[Sample]] = {name: [] for name in samples}
        # There and back again: what grows or shrinks during a round is then the same for all.
        for contender in [*shuffled, *reversed(shuffled)]:
            halves[contender.variant.name].append(_sample(contender, sink, requests // 2, request))
        for name, (there, back) in halves.items():
            samples[name].append(_mean(there, back))
    return samples


def _mean(one: Sample, other: Sample) -> Sample:
    return Sample((one.cpu_us + other.cpu_us) / 2, (one.p50_us + other.p50_us) / 2, (one.p99_us + other.p99_us) / 2)


def _sample(contender: Contender, sink: Sink, requests: int, request: bytes) -> Sample:
    before = sink.counts()
    start = meters.cpu_ns_when_idle(contender.pid)
    load.run([contender.port], repeat(request, requests))
    _wait_for_traces(contender.variant, sink, before, requests)
    cpu = meters.cpu_ns_when_idle(contender.pid) - start
    paused = max(1, requests // LATENCY_SHARE // LATENCY_MULTIPLE) * LATENCY_MULTIPLE
    taken = load.run([contender.port], repeat(request, paused), connections=1, pause=LATENCY_PAUSE_SECONDS)
    _wait_for_traces(contender.variant, sink, before, requests + paused)
    return Sample(cpu / requests / 1000, taken[len(taken) // 2] / 1000, taken[len(taken) * 99 // 100] / 1000)


def _wait_for_traces(variant: Variant, sink: Sink, before: Counts, requests: int) -> None:
    """Until all are there, or none came for a while. Raises Invalid."""
    wanted = requests if variant.traces else 0
    found = sink.counts().since(before).traces
    end = time.monotonic() + ARRIVAL_SECONDS
    while found < wanted and time.monotonic() < end:
        time.sleep(0.005)
        now = sink.counts().since(before).traces
        if now != found:
            found, end = now, time.monotonic() + ARRIVAL_SECONDS
    if found != wanted:
        raise Invalid(f"{variant.name}: {found} traces arrived for {requests} requests, not {wanted}")


def _settle(sink: Sink) -> None:
    """Until nothing arrives any more."""
    while True:
        before = sink.counts()
        time.sleep(1.2)  # longer than a batch waits
        if sink.counts() == before:
            return
