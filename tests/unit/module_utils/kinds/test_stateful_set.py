# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import pytest
from ansible_collections.openclarity.wasm_filters.plugins.module_utils.kinds.stateful_set import STATEFUL_SET

from .fixtures import check, situations


@pytest.mark.parametrize("situation", situations("stateful_set"))
def test_rollout(situation: str) -> None:
    check(STATEFUL_SET, "stateful_set", situation)
