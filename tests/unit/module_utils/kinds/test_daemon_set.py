# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import pytest
from ansible_collections.openclarity.wasm_filters.plugins.module_utils.kinds.daemon_set import DAEMON_SET

from .fixtures import check, situations


@pytest.mark.parametrize("situation", situations("daemon_set"))
def test_rollout(situation: str) -> None:
    check(DAEMON_SET, "daemon_set", situation)
