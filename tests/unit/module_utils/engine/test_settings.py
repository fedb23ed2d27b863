# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from ansible_collections.openclarity.wasm_filters.plugins.module_utils.domain.plan import Options
from ansible_collections.openclarity.wasm_filters.plugins.module_utils.engine.settings import Settings


def test_a_run_without_choices_takes_the_time_that_a_plan_does() -> None:
    settings, options = Settings(), Options()
    assert (settings.timeout_seconds, settings.max_in_flight) == (options.timeout_seconds, options.max_in_flight)
    assert (settings.max_fail_percentage, settings.ill_before) == (options.max_fail_percentage, options.ill_before)
    assert settings.proof.seconds == options.proof_seconds
