# SPDX-License-Identifier: Apache-2.0
"""`make soak-filter`: a million requests of all kinds, past a backend that comes and goes."""

import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from bench import envoys, load, meters, mix, sink, soak_verdict
from bench.options import Options
from bench.rounds import Invalid
from bench.variants import BACKEND, FORMATS, Variant
from testbed import binaries
from tests.filter.envoy.bootstrap import bootstrap, cluster, listener, route
from tests.filter.envoy.process import Envoy, running

WORKERS = 2
CONNECTIONS = 16
FILLING_REQUESTS = 100
SLICES = 40
# One slice of so many has no backend. Not the last one.
OUTAGE_EVERY, OUTAGE_AT = 5, 3
# A worker waits at most 32 s before it tries a backend again.
RECOVERY_SECONDS = 90.0
# A filter ticks every five seconds unless it is told otherwise.
TICK_SECONDS = 5.1


@dataclass
class Soak:
    """What was sent and seen so far."""

    envoy: Envoy
    ports: list[int]
    backend: sink.Sink
    exchanges: mix.Mix = field(default_factory=mix.Mix)
    requests: int = 0
    outages: int = 0
    resident: list[int] = field(default_factory=list)

    def fill(self) -> None:
        """Large bodies only, until all memory that the filter may use was used."""
        load.run(self.ports, self.exchanges.largest(FILLING_REQUESTS), CONNECTIONS)
        self.requests += FILLING_REQUESTS

    def send(self, count: int) -> None:
        load.run(self.ports, self.exchanges.take(count), CONNECTIONS)
        self.requests += count

    def slice(self, number: int, count: int) -> None:
        outage = number % OUTAGE_EVERY == OUTAGE_AT
        if outage:
            self.outages += 1
            self.backend.listen(False)
        self.send(count)
        self.resident.append(meters.resident_bytes(self.envoy.pid))
        if outage:
            self.backend.listen(True)

    def recover(self) -> dict[str, int]:
        """Sends until every worker has found the backend again and everything has left it; the metrics then.

        A client has its answer before the filter has counted the exchange, and gauges follow at ticks: so there is a
        tick between what was sent and the first look.
        """
        end = time.monotonic() + RECOVERY_SECONDS
        while True:
            time.sleep(TICK_SECONDS)
            metrics = self.envoy.metrics()
            if soak_verdict.is_over(self.requests, metrics) or time.monotonic() > end:
                return metrics
            if metrics["backend_down"]:
                self.send(CONNECTIONS)


def run(options: Options, report: Callable[[str], None]) -> list[str]:
    """What was found wrong, in words. Raises BadAnswer."""
    with (
        tempfile.TemporaryDirectory(prefix="soak-filter-") as name,
        envoys.application(Path(name) / "application", mix.answers()) as upstream,
        sink.running() as backend,
    ):
        listeners = [listener(form, _filter(options.filter, form), routes=[route("/", "upstream")]) for form in FORMATS]
        clusters = [cluster("upstream", upstream), cluster("backend", backend.port)]
        config, folder = bootstrap(listeners, clusters), Path(name) / "proxy"
        with running(binaries.envoy(), config, folder, concurrency=WORKERS, wasm_log="warning") as envoy:
            soak = Soak(envoy, [envoy.port(form) for form in FORMATS], backend)
            _check(envoy)
            soak.fill()
            for number in range(SLICES):
                soak.slice(number, options.requests * (number + 1) // SLICES - options.requests * number // SLICES)
                report(_line(soak))
            metrics = soak.recover()
            report(_line(soak))
            return soak_verdict.complaints(
                soak.requests, soak.exchanges.skipped, metrics, backend.counts(), soak.resident, soak.outages
            )


def _check(envoy: Envoy) -> None:
    """Raises Invalid for a filter that does not count as ours does."""
    missing = set(soak_verdict.METRICS) - set(envoy.metrics())
    if missing:
        raise Invalid(f"this is not the trace filter: it does not show {', '.join(sorted(missing))}")


def _filter(wasm: Path, form: str) -> list[dict[str, object]]:
    configuration = {
        "format": form,
        "bodies": "on",
        "backend": BACKEND,
        "exclude": {"paths": [mix.SKIPPED]},
    }
    return Variant(form, wasm, configuration).filters()


def _line(soak: Soak) -> str:
    metrics = soak.envoy.metrics()
    counted = " ".join(f"{name} {metrics[name]:,}" for name in ("sent", "failed", "dropped", "skipped", "truncated"))
    return f"{soak.requests:,} requests: {counted}; resident {soak.resident[-1] / 1e6:.1f} MB"
