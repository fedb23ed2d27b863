# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import re
from typing import Any

import pytest
from ansible_collections.openclarity.wasm_filters.plugins.plugin_utils.report import recap as recap_module
from ansible_collections.openclarity.wasm_filters.plugins.plugin_utils.report.recap import recap
from ansible_collections.openclarity.wasm_filters.plugins.plugin_utils.report.screen import Screen

from tests.unit.plugins.report.paper import Paper


@pytest.fixture(autouse=True)
def same_width(width: list[int], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recap_module, "columns", lambda: width[0])


def entry(name: str, verdict: str, changed: bool = False, **more: str) -> dict[str, Any]:
    return {"name": name, "verdict": verdict, "changed": changed, "reason": "", "message": f"about {name}", **more}


def told(*verdicts: dict[str, Any], later: list[str] | None = None, check: bool = False, whole: bool = False) -> None:
    recap(Screen(), list(verdicts), later or [], check, whole)


BAD = entry("bad", "failed", reason="rollout_timeout", message="Deployment/web: 0 of 2 pods")


def test_there_is_a_line_per_namespace_and_failures_come_last(paper: Paper) -> None:
    told(BAD, entry("shop", "deployed", True), entry("pay", "unchanged"))
    assert paper.texts == [
        "  shop  deployed   about shop",
        "  pay   unchanged  about pay",
        "  bad   failed     rollout_timeout",
    ]
    assert len({options["color"] for _text, options in paper.lines}) == 3


def test_a_failure_is_told_whole_where_no_line_of_ansible_follows(paper: Paper) -> None:
    told(BAD, whole=True)
    assert paper.texts == ["  bad  failed  Deployment/web: 0 of 2 pods"]


def test_check_mode_says_would_be(paper: Paper) -> None:
    told(entry("shop", "deployed", True), entry("pay", "unchanged"), check=True)
    assert "would be deployed" in paper.texts[0]
    assert "would be" not in paper.texts[1]


@pytest.mark.parametrize("columns", [80, 120])
def test_on_a_terminal_a_long_line_goes_on_under_its_beginning(paper: Paper, width: list[int], columns: int) -> None:
    width[0] = columns
    message = "word " * 60
    told(entry("shop", "deployed", True, message=message))
    assert len(paper.lines) > 1
    assert all(len(text) <= columns for text in paper.texts)
    assert paper.texts[1].startswith(" " * len("  shop  deployed  ") + "word")
    assert re.findall("word", " ".join(paper.texts)) == message.split()


def test_a_long_name_leaves_room_for_what_is_said(paper: Paper) -> None:
    told(entry("n" * 63, "deployed", True, message="word " * 30))
    assert all(len(text) <= 80 for text in paper.texts)
    assert paper.texts[1].startswith("    word")


def test_in_a_log_a_line_stays_one(paper: Paper, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "dumb")
    told(entry("shop", "deployed", True, message="word\n" * 60))
    assert len(paper.lines) == 1
    assert "\n" not in paper.texts[0]


def test_those_not_started_share_a_line_for_each_reason(paper: Paper) -> None:
    waiting = [entry(f"n{number}", "not_started", reason="earlier_wave") for number in range(12)]
    told(BAD, *waiting, entry("x", "not_started", reason="stopped"))
    names = ", ".join(f"n{number}" for number in range(10))
    assert " ".join(" ".join(paper.texts[1:]).split()) == (
        f"not started (earlier_wave): {names} and 2 more not started (stopped): x"
    )


def test_batches_that_come_later_are_named_only_where_something_failed(paper: Paper) -> None:
    waiting = [f"n{number}" for number in range(12)]
    told(entry("shop", "deployed", True), later=waiting)
    assert len(paper.lines) == 1
    told(BAD, later=waiting)
    assert "n9 and 2 more" in " ".join(paper.texts)
