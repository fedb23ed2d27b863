# SPDX-License-Identifier: Apache-2.0
"""A screen whose display keeps what it is given.

What is imported from Ansible is imported late: it takes the import of collections over, also for tests that come first.
"""

from __future__ import annotations

from types import ModuleType

import pytest

from tests.unit.plugins.report.paper import Paper


@pytest.fixture
def screen_module() -> ModuleType:
    from ansible_collections.openclarity.wasm_filters.plugins.plugin_utils.report import screen

    found: ModuleType = screen
    return found


@pytest.fixture
def paper(screen_module: ModuleType, monkeypatch: pytest.MonkeyPatch) -> Paper:
    paper = Paper()
    monkeypatch.setattr(screen_module, "display", paper)
    return paper


@pytest.fixture
def width(screen_module: ModuleType, monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The width of a terminal that somebody watches, to be changed while the test runs."""
    width = [80]
    for name in screen_module.UNWATCHED:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setattr(screen_module, "columns", lambda: width[0])
    return width
