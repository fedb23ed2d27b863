# SPDX-License-Identifier: Apache-2.0
"""The short forms, as `make` runs them: every variant measured, every trace arrived. No word on how fast."""

import os
import subprocess
import sys
from itertools import repeat
from pathlib import Path

import pytest

from bench import envoys, load, meters, rounds, sink, traffic, wasm_build
from bench.options import RELEASED, ROOT
from bench.variants import BACKEND, BATCHED, EMPTY, FIXED_POST, FORMATS, LEFT_OUT, PEER, Variant
from tests.filter.envoy.process import poll


def bench(command: str, **options: str) -> "subprocess.CompletedProcess[str]":
    environment = {**os.environ, "SHORT": "1", **options}
    return subprocess.run(
        [sys.executable, "-m", "bench", command], cwd=ROOT, env=environment, capture_output=True, text=True, check=False
    )


def test_every_variant_is_measured_and_every_trace_arrives(tmp_path: Path) -> None:
    output = tmp_path / "table.md"
    peer = {"PEER": str(RELEASED), "PEER_CONFIGURATION": '{"backend": {"cluster": "mine"}}', "PEER_CLUSTER": "mine"}
    done = bench("filter", OUTPUT=str(output), **peer)
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == output.read_text().strip()
    caption, table, goals = output.read_text().split("\n\n")
    names = [line.split(" | ")[0].removeprefix("| ") for line in table.splitlines()[2:]]
    forms = [f"{form}, batched" if form in BATCHED else form for form in FORMATS]
    ours = [f"{form}, bodies {bodies}" for form in forms for bodies in ("on", "off")]
    assert names == [EMPTY, FIXED_POST, PEER, *ours, LEFT_OUT]
    assert len(goals.splitlines()) == 2 + 9
    assert caption.startswith("2 rounds of 200 requests, ")
    assert "round 2 of 2" in done.stderr


def test_a_soak_is_passed() -> None:
    done = bench("soak")
    assert done.returncode == 0, done.stderr
    assert done.stdout == "soak: passed\n"


def test_a_soak_of_another_filter_is_refused(tmp_path: Path) -> None:
    done = bench("soak", FILTER=str(wasm_build.build("empty", tmp_path)))
    assert done.returncode == 1
    assert "this is not the trace filter: it does not show backend_down, dropped" in done.stderr


def test_a_bad_option_ends_it_before_anything_starts() -> None:
    done = bench("filter", ROUNDS="0")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == "bench: ROUNDS=0: give a whole number from 2 on\n"


def test_a_variant_whose_traces_do_not_arrive_is_no_measurement(tmp_path: Path) -> None:
    silent = Variant("silent", wasm_build.build("empty", tmp_path))
    with (
        sink.running() as backend,
        envoys.application(tmp_path / "application", {"/": "answer"}) as upstream,
        envoys.proxying(silent, upstream, backend.port, ("backend",), tmp_path / "proxy") as (envoy, port),
        pytest.raises(rounds.Invalid, match="silent: 0 traces arrived for 100 requests, not 100"),
    ):
        rounds.run([rounds.Contender(silent, envoy.pid, port)], backend, 2, 200, print)


def test_the_sink_counts_traces_and_can_be_down(tmp_path: Path) -> None:
    configuration = {"format": "ndjson", "backend": BACKEND, "batch": {"count": 4, "milliseconds": 60000}}
    batched = Variant("batched", RELEASED, configuration)
    with (
        sink.running() as backend,
        envoys.application(tmp_path / "application", {"/": "answer"}) as upstream,
        envoys.proxying(batched, upstream, backend.port, ("backend",), tmp_path / "proxy") as (envoy, port),
    ):
        load.run([port], repeat(traffic.request_bytes(), 8))
        envoy.wait_for_metric("sent", lambda value: value == 8)
        assert (backend.counts().posts, backend.counts().traces) == (2, 8)
        backend.listen(False)
        load.run([port], repeat(traffic.request_bytes(), 4))
        envoy.wait_for_metric("failed", lambda value: value == 4)
        backend.listen(True)
        load.run([port], repeat(traffic.request_bytes(), 4))
        envoy.wait_for_metric("sent", lambda value: value == 12)
        assert (backend.counts().posts, backend.counts().traces) == (3, 12)


def test_an_answer_that_is_not_200_is_no_measurement(tmp_path: Path) -> None:
    with (
        envoys.application(tmp_path / "application", {"/right": "answer"}) as upstream,
        pytest.raises(load.BadAnswer, match=r"not 200: b'HTTP/1\.1 404 Not Found"),
    ):
        load.run([upstream], [traffic.request_bytes("/wrong")])


def test_what_this_process_uses_is_metered() -> None:
    before = meters.cpu_ns(os.getpid())
    block = bytearray(os.urandom(1 << 20)) * 64
    assert meters.cpu_ns(os.getpid()) > before
    assert meters.resident_bytes(os.getpid()) > len(block)


def test_nothing_is_left_running_when_it_is_ended(tmp_path: Path) -> None:
    environment = {**os.environ, "SHORT": "1", "TMPDIR": str(tmp_path)}
    command = [sys.executable, "-m", "bench", "soak"]
    with subprocess.Popen(command, cwd=ROOT, env=environment, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        assert "requests: sent" in process.stderr.readline()
        started = [int(pid) for pid in Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()]
        assert len(started) >= 3, "two Envoys and the sink"
        process.terminate()
        assert "nothing is left running" in process.stderr.read()
    assert process.returncode == 130
    # One of them only watches over what the others leave, and ends a moment after them.
    poll(lambda: not any(Path(f"/proc/{pid}").exists() for pid in started), f"none of {started} to be there")
    assert list(tmp_path.iterdir()) == []
