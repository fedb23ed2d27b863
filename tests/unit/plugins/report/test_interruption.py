# SPDX-License-Identifier: Apache-2.0
"""What becomes of a run that is stopped: the real ansible-playbook, in a terminal."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest
from ansible_collections.openclarity.wasm_filters.plugins.plugin_utils.report.interruption import STOPPING

from tests.unit.plugins.report.stopping.run import Terminal

CTRL_C = "\x03"
INTERRUPTED = 99


def test_at_ctrl_c_the_module_ends_in_order_and_everyone_has_a_verdict(tmp_path: Path) -> None:
    run = Terminal(tmp_path)
    run.until("Deployment/web begun")
    run.type(CTRL_C)
    assert run.status() == INTERRUPTED, run.output
    assert run.verdicts() == {"shop": ("failed", "ended in order"), "pay": ("not_started", "")}
    said = run.output.partition(STOPPING)[2]
    assert "  shop  failed  ended in order" in said, run.output
    assert "  not started (stopped): pay" in said, run.output
    assert "Traceback" not in run.output


def test_a_second_ctrl_c_ends_it_at_once(tmp_path: Path) -> None:
    run = Terminal(tmp_path, patient=True)
    run.until("Deployment/web begun")
    run.type(CTRL_C)
    # It has been told once, though ansible-playbook tells its workers twice.
    run.until("Deployment/web ending")
    run.type(CTRL_C)
    assert run.status() != 0
    assert run.verdicts()["shop"] == ("failed", "ended at once")
    assert "  shop  failed  ended at once" in run.output


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_where_ansible_playbook_is_ended_the_module_ends_at_once(tmp_path: Path, number: signal.Signals) -> None:
    run = Terminal(tmp_path, patient=True)
    run.until("Deployment/web begun")
    os.kill(run.process, number)
    assert run.status() == -number
    assert run.verdicts()["shop"] == ("failed", "ended at once")
