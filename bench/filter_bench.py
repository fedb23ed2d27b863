# SPDX-License-Identifier: Apache-2.0
"""`make bench-filter`: what each variant costs, side by side in one run."""

import contextlib
import tempfile
from collections.abc import Callable
from pathlib import Path

from bench import envoys, goals, load, meters, rounds, sink, starts, table, traffic
from bench.figures import Measured, Memory, Row, rows
from bench.options import Options
from bench.variants import Variant, ours, variants
from tests.filter.envoy.servers import BackendHandler, serving


def run(options: Options, report: Callable[[str], None]) -> tuple[list[Row], str]:
    """The figures, and the tables made of them. Raises Invalid, BadAnswer."""
    with tempfile.TemporaryDirectory(prefix="bench-filter-") as name:
        measured = _measure(options, Path(name), report)
    found = rows(measured)
    return found, table.render(found, goals.goals(found), options)


def _measure(options: Options, folder: Path, report: Callable[[str], None]) -> Measured:
    names = ("backend", options.peer_cluster)
    with envoys.application(folder / "application", {"/": traffic.RESPONSE_BODY}) as upstream:
        document = _record(options.filter, upstream, folder / "record")
        found = variants(options.filter, folder, document, options.peer, options.peer_configuration)
        # A start is a matter of the binary: one variant for each.
        binaries = {variant.wasm: variant for variant in reversed(found)}
        taken = [
            starts.run(list(reversed(binaries.values())), upstream, names, options.starts, machines, folder, report)
            for machines in (1, 2)
        ]
        samples, memory = _load(found, upstream, names, options, folder, report)
    by_variant = [{one.name: ms[binaries[one.wasm].name] for one in found} for ms in taken]
    size = {variant.name: variant.wasm.stat().st_size if variant.wasm else 0 for variant in found}
    return Measured(samples, by_variant[0], by_variant[1], memory, size)


def _record(wasm: Path, upstream: int, folder: Path) -> str:
    """A trace of the exchange that is measured, as the format publish writes it."""
    publish = ours(wasm, "publish", "on")
    with (
        serving(BackendHandler) as backend,
        envoys.proxying(publish, upstream, backend.port, ("backend",), folder) as (_, port),
    ):
        load.run([port], [traffic.request_bytes()])
        return backend.wait_for(lambda _: True).body.decode()


def _load(
    found: list[Variant],
    upstream: int,
    names: tuple[str, ...],
    options: Options,
    folder: Path,
    report: Callable[[str], None],
) -> tuple[dict[str, list[rounds.Sample]], dict[str, Memory]]:
    with contextlib.ExitStack() as stack:
        backend = stack.enter_context(sink.running())
        contenders = []
        for number, variant in enumerate(found):
            place = folder / f"variant-{number}"
            envoy, port = stack.enter_context(envoys.proxying(variant, upstream, backend.port, names, place))
            contenders.append(rounds.Contender(variant, envoy.pid, port))
        before = {one.variant.name: meters.resident_bytes(one.pid) for one in contenders}
        samples = rounds.run(contenders, backend, options.rounds, options.requests, report)
        after = {one.variant.name: meters.resident_bytes(one.pid) for one in contenders}
    return samples, {name: Memory(before[name], after[name]) for name in before}
