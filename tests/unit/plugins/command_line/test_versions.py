# SPDX-License-Identifier: Apache-2.0
"""Which ansible-core a run is refused with."""

from __future__ import annotations

import pytest
import yaml
from ansible_collections.openclarity.wasm_filters.plugins.plugin_utils.command_line.versions import refused

from testbed.paths import CHECKOUT


@pytest.mark.parametrize("version", ["2.17.0", "2.17.14", "2.17.99rc1", "2.17"])
def test_2_17_is_refused_with_the_reason_and_a_way_out(version: str) -> None:
    said = refused(version)
    assert f"ansible-core {version} is refused" in said
    assert "CVE-2026-11332" in said and "2.18 or newer" in said and "2.16.19" in said


@pytest.mark.parametrize(
    "version", ["2.16.0", "2.16.19", "2.18.0", "2.21.5", "2.170.1", "12.17.1", "2.22.0.dev0", "dev"]
)
def test_all_others_are_not(version: str) -> None:
    assert refused(version) == ""


def test_ansible_is_told_the_same() -> None:
    runtime = yaml.safe_load((CHECKOUT / "meta" / "runtime.yml").read_text())
    assert runtime["requires_ansible"] == ">=2.16.0,!=2.17.*"
