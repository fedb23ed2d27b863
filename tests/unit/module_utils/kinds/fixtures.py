# SPDX-License-Identifier: Apache-2.0
"""One file per situation: what is expected, then the object as the API server has it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml
from ansible_collections.openclarity.wasm_filters.plugins.module_utils.kinds.base import (
    Rollout,
    RolloutState,
    WorkloadKind,
)

FIXTURES = Path(__file__).resolve().parents[2] / "fixtures"


def situations(folder: str) -> list[str]:
    return sorted(path.stem for path in (FIXTURES / folder).glob("*.yaml"))


def check(kind: WorkloadKind, folder: str, situation: str) -> Rollout:
    expected, workload = yaml.safe_load_all((FIXTURES / folder / f"{situation}.yaml").read_text())
    assert (workload["kind"], workload["apiVersion"]) == (kind.kind, kind.api_version)
    found = kind.rollout(workload, None)
    assert (found.state, found.done, found.total) == (expected["state"], expected["done"], expected["total"])
    assert found.all_updated == expected.get("all_updated", found.state == RolloutState.ROLLED)
    _check_message(found, expected)
    return found


def _check_message(found: Rollout, expected: dict[str, Any]) -> None:
    assert bool(found.message) == bool(expected["says"])
    assert expected["says"] in found.message
