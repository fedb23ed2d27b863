# SPDX-License-Identifier: Apache-2.0
"""How the demo shows what it has found."""

from __future__ import annotations

import base64
import io
import re
import subprocess
import sys
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from testbed.demo import playbook, proof, trace
from testbed.demo.api import Unreachable
from testbed.demo.cluster import INJECTED, MANIFESTS, _workload, manifest
from testbed.demo.errors import DemoError
from testbed.demo.place import Place
from testbed.demo.screen import Screen
from testbed.demo.table import table
from testbed.demo.waiting import until
from testbed.paths import CHECKOUT, Layout


def encoded(text: bytes) -> str:
    return base64.b64encode(text).decode()


def document(**changes: Any) -> dict[str, Any]:
    request = {
        "method": "POST",
        "path": "/orders?token=[redacted]",
        "host": "checkout.pay",
        "version": "HTTP/1.1",
        "headers": [["host", "checkout.pay"], ["authorization", "[redacted]"]],
        "body": encoded(b'{"a": 1}\nsecond line'),
        "truncated_body": False,
    }
    response = {
        "status_code": "201",
        "version": "HTTP/1.1",
        "headers": [],
        "body": encoded(b"\xff\x00"),
        "truncated_body": True,
    }
    ends = {"destination_address": "10.96.0.9:80", "source_address": "10.244.0.3:40182"}
    return {"request_id": "1", "scheme": "http", **ends, "scnt_request": request, "scnt_response": response, **changes}


def name(address: str) -> str:
    return {"10.244.0.3:40182": "shop/web", "10.96.0.9:80": "pay/checkout"}.get(address, address)


def test_a_trace_is_one_line_under_its_head() -> None:
    shown = trace.line(trace.Trace(1795408120.25, document()), name)
    assert re.fullmatch(
        r"\d\d:\d\d:\d\d\.250  shop/web      pay/checkout  POST   /orders\?token=\[redacted\]  +201   20 B   2 B", shown
    )
    assert shown.index("POST") == trace.HEAD.index("method")
    assert len(shown) == len(trace.HEAD) <= 98


def test_what_is_too_long_is_cut_and_the_columns_stay() -> None:
    long = document(source_address="[fd00:1111:2222:3333:4444::1]:8080")
    long["scnt_request"]["path"] = "/" + "x" * 200
    shown = trace.line(trace.Trace(0.0, long), name)
    assert len(shown) == len(trace.HEAD)
    assert ".." in shown


def test_a_trace_without_anything_in_it_is_shown_too() -> None:
    empty = trace.Trace(0.0, {"scnt_request": None, "scnt_response": []})
    assert not empty.has_body
    assert trace.line(empty, name).endswith("-     -")
    assert trace.in_full(empty, name)


def test_in_full_decodes_text_and_sizes_what_is_none() -> None:
    lines = trace.in_full(trace.Trace(0.0, document()), name)
    assert "source_address       10.244.0.3:40182  (shop/web)" in lines
    assert "    authorization: [redacted]" in lines
    assert lines[lines.index("  body") : lines.index("  body") + 3] == ["  body", '    {"a": 1}', "    second line"]
    assert "  body               2 bytes, not text" in lines
    assert "  truncated_body     true" in lines


def test_in_full_lets_no_control_character_reach_the_terminal() -> None:
    lines = trace.in_full(trace.Trace(0.0, document(scnt_request={"body": encoded(b"\x1b[2Jgone")})), name)
    assert "\x1b" not in "".join(lines)
    assert trace.line(trace.Trace(0.0, document(scnt_request={"path": "/\x1b[2J"})), name).count("/?[2J") == 1


@pytest.mark.parametrize(
    ("count", "shown"),
    [(0, "-"), (1, "1 B"), (9_999, "9999 B"), (10_000, "10 kB"), (999_400, "999 kB"), (2_500_000, "2.5 MB")],
)
def test_size(count: int, shown: str) -> None:
    assert trace.size(b"x" * count) == shown


def test_the_most_telling_trace_has_something_redacted_and_both_bodies() -> None:
    plain = trace.Trace(0.0, document(scnt_request={"path": "/", "body": encoded(b"x")}))
    assert max((plain, trace.Trace(0.0, document())), key=lambda found: found.telling).has_body
    assert trace.Trace(0.0, document()).telling > plain.telling


def pod(name: str, proof: str = "proved", **metrics: int) -> dict[str, Any]:
    return {"name": name, "proof": proof, "reason": "", "message": "", "metrics": metrics}


def test_pods_of_a_result_are_those_of_its_workloads_and_others() -> None:
    workload = {"name": "web", "pods": [pod("web-1", rejected=0, sent=19), pod("web-2", "unproved")]}
    entry = {"name": "shop", "workloads": [workload], "pods": [pod("bare", "disproved", rejected=1)]}
    found = proof.of_file({"clusters": [{"namespaces": [entry]}]}, "674e831b3f")
    assert found == {
        "shop/web-1": proof.PodProof(True, 0, "674e831b3f", 19),
        "shop/web-2": proof.PodProof(False, None, "674e831b3f", 0),
        "shop/bare": proof.PodProof(False, 1, "674e831b3f", 0),
    }
    assert [name for name, one in found.items() if one.holds] == ["shop/web-1"]


def test_pods_of_a_status_are_those_of_its_filters() -> None:
    filters = [{"filter": "trace", "workloads": [{"name": "web", "pods": [pod("a")]}], "pods": [pod("b")]}]
    entry = {"name": "shop", "filters": filters, "findings": []}
    assert list(proof.of_file({"clusters": [{"namespaces": [entry]}]}, "x")) == ["shop/b", "shop/a"]


def test_a_pod_in_which_it_is_not_known_to_run_does_not_hold() -> None:
    assert proof.PodProof(True, 0, "x", 0).holds
    assert not proof.PodProof(False, 0, "x", 5).holds
    assert not proof.PodProof(True, 1, "x", 5).holds


def test_tables_line_up() -> None:
    assert table(("pod", "sent"), [("shop/web", "7"), ("a", "1234567")]) == [
        "pod          sent",
        "shop/web        7",
        "a         1234567",
    ]


def test_the_swap_is_shown_per_pod() -> None:
    was, now = proof.PodProof(True, 0, "1afbef72d1", 5), proof.PodProof(True, 0, "eab4718157", 9)
    life = proof.PodLife("uid", "2026-11-23T04:32:59Z", 0)
    lines = proof.swapped({"shop/web": was}, {"shop/web": now}, {"shop/web": life})
    assert re.split(r"  +", lines[1]) == ["shop/web", "04:32:59 UTC", "0", "0", "1afbef72d1", "eab4718157"]


def test_the_command_can_be_pasted_and_fits() -> None:
    words = [
        "ansible-playbook",
        "playbooks/deploy.yml",
        *playbook.ARGUMENTS,
        "-e",
        "wasm_filter_bodies=off",
        "-e",
        "note=a b",
    ]
    lines = playbook.command_lines(words)
    assert all(len(text) <= 98 for text in lines)
    assert all(text.endswith(" \\") for text in lines[:-1])
    assert "'note=a b'" in lines[-1]
    assert " ".join(" ".join(lines).replace("\\", "").split()) == "$ " + " ".join(words).replace(
        "note=a b", "'note=a b'"
    )


def test_what_to_type_next_names_the_mesh(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TESTBED_DIR", "/tmp/other")
    lines = playbook.look_around(Place.of_mesh(Layout(Path("/tmp/other"))))
    assert lines[0] == "export KUBECONFIG=/tmp/other/kubeconfig"
    assert lines[-1].startswith("TESTBED_DIR=/tmp/other make demo-down ")


def test_what_to_type_next_names_the_cluster(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TESTBED_DIR", "/tmp/other")
    lines = playbook.look_around(Place.of_cluster(Path("/tmp/kind.yaml")))
    assert lines[0] == "export KUBECONFIG=/tmp/kind.yaml"
    assert lines[1].startswith("kubectl get pods")
    assert lines[-1].startswith("make demo-down KUBECONFIG=/tmp/kind.yaml ")


def test_only_a_kubeconfig_that_is_typed_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KUBECONFIG", "/tmp/production")
    shown = ["make", "--no-print-directory", "-n", "-o", "setup", "demo"]
    run = partial(subprocess.run, cwd=CHECKOUT, check=True, capture_output=True, text=True)
    assert "kubeconfig" not in run(shown).stdout
    assert '--kubeconfig "/tmp/kind.yaml"' in run([*shown, "KUBECONFIG=/tmp/kind.yaml"]).stdout


def test_the_manifests_call_each_other_across_namespaces() -> None:
    found = {space: manifest(space) for space in MANIFESTS}
    for space in INJECTED:
        workloads = [entry for entry in found[space] if entry["kind"] in ("Deployment", "StatefulSet")]
        assert len(workloads) == 2
        for entry in workloads:
            (container,) = entry["spec"]["template"]["spec"]["containers"]
            assert any(variable["name"] == "CALLS" for variable in container["env"])
            # names of addresses are namespace/app
            assert entry["spec"]["template"]["metadata"]["labels"] == {"app": entry["metadata"]["name"]}


@pytest.mark.parametrize(
    ("changes", "ready"),
    [({}, True), ({"updatedReplicas": 1}, False), ({"replicas": 3}, False), ({"observedGeneration": 1}, False)],
)
def test_ready_means_all_of_the_newest_template(changes: dict[str, int], ready: bool) -> None:
    status = {"observedGeneration": 2, "replicas": 2, "updatedReplicas": 2, "readyReplicas": 2, **changes}
    metadata = {"namespace": "shop", "name": "web", "generation": 2}
    found = {"metadata": metadata, "spec": {"replicas": 2}, "status": status}
    assert _workload(found, "Deployment").is_ready is ready


def test_waiting_survives_what_passes_and_tells_what_did_not() -> None:
    answers: Iterator[bool | Exception] = iter([ConnectionError("refused"), False, True])

    def attempt() -> bool:
        answer = next(answers)
        if not isinstance(answer, bool):
            raise answer
        return answer

    until(attempt, 5.0, lambda: "unused")

    def never() -> bool:
        raise ConnectionError("refused")

    assert issubclass(ConnectionError, Unreachable)
    with pytest.raises(DemoError, match=r"shop/web was not ready within 0 s.\nThe last answer was: refused"):
        until(never, 0.0, lambda: "shop/web was not ready")


def test_without_a_terminal_nothing_is_coloured_or_written_over(monkeypatch: pytest.MonkeyPatch) -> None:
    output = io.StringIO()
    monkeypatch.setattr(sys, "stdout", output)
    screen = Screen()
    with screen.working("waiting"):
        screen.good("one")
        screen.says("still waiting")
    screen.heading("next")
    assert output.getvalue() == "  ok  one\n\nnext\n"


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize("no_colour", ["", "1"])
def test_on_a_terminal_the_last_line_is_live(monkeypatch: pytest.MonkeyPatch, no_colour: str) -> None:
    output = Terminal()
    monkeypatch.setattr(sys, "stdout", output)
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("NO_COLOR", no_colour)
    screen = Screen()
    with screen.working("waiting for pods"):
        screen.good("one")
    shown = output.getvalue()
    assert "  waiting for pods .. 0 s" in shown
    assert shown.endswith("\r\x1b[K")
    assert ("\x1b[32m" in shown) is (not no_colour)
