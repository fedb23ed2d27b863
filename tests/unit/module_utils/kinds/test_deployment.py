from __future__ import annotations

import pytest
from ansible_collections.openclarity.wasm_filters.plugins.module_utils.kinds.deployment import DEPLOYMENT

from .fixtures import check, situations


@pytest.mark.parametrize("situation", situations("deployment"))
def test_rollout(situation: str) -> None:
    check(DEPLOYMENT, "deployment", situation)
