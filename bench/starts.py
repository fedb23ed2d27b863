# SPDX-License-Identifier: Apache-2.0
"""How long an Envoy takes from its start to its first answer."""

import contextlib
import http.client
import socket
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from bench.envoys import proxy
from bench.rounds import Invalid
from bench.variants import Variant
from testbed import binaries
from tests.filter.envoy.process import started

DEADLINE_SECONDS = 30.0


@contextlib.contextmanager
def reserved_port() -> Iterator[int]:
    """A port that nobody else is given. Envoy can listen on it, as it sets SO_REUSEPORT too."""
    with socket.socket() as held:
        held.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        held.bind(("127.0.0.1", 0))
        yield int(held.getsockname()[1])


def run(
    variants: list[Variant],
    upstream: int,
    names: tuple[str, ...],
    rounds: int,
    machines: int,
    folder: Path,
    report: Callable[[str], None],
) -> dict[str, list[float]]:
    """Milliseconds by the variant's name, one per round; with that many listeners, each with a VM of its own."""
    taken: dict[str, list[float]] = {variant.name: [] for variant in variants}
    for number in range(1, rounds + 1):
        report(f"starts with {machines} VM{'s' * (machines > 1)}, round {number} of {rounds}")
        for variant in variants:
            with contextlib.ExitStack() as ports:
                reserved = tuple(ports.enter_context(reserved_port()) for _ in range(machines))
                # Where traces go does not matter here: to the application.
                bootstrap = proxy(variant, upstream, upstream, names, reserved)
                begin = time.monotonic()
                with started(binaries.envoy(), bootstrap, folder / "start", concurrency=machines, wasm_log="warning"):
                    for port in reserved:
                        _wait_for_answer(variant, port, begin + DEADLINE_SECONDS)
                    taken[variant.name].append((time.monotonic() - begin) * 1000)
    return taken


def _wait_for_answer(variant: Variant, port: int, end: float) -> None:
    while time.monotonic() < end:
        with contextlib.suppress(ConnectionError):
            connection = http.client.HTTPConnection("127.0.0.1", port, timeout=DEADLINE_SECONDS)
            try:
                connection.request("GET", "/")
                if connection.getresponse().status == 200:
                    return
            finally:
                connection.close()
        time.sleep(0.001)
    raise Invalid(f"{variant.name}: no answer within {DEADLINE_SECONDS:.0f} s of Envoy's start")
