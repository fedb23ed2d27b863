# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from pathlib import Path

from ansible_collections.openclarity.wasm_filters.plugins.module_utils.deliveries import registry
from ansible_collections.openclarity.wasm_filters.plugins.module_utils.domain.plan import DeliveryName


def test_each_choice_has_one_delivery_under_its_own_name() -> None:
    assert {choice.value for choice in DeliveryName} == set(registry.DELIVERIES)
    assert all(one.name == name for name, one in registry.DELIVERIES.items())


def test_each_delivery_has_a_file_of_its_own() -> None:
    folder = Path(registry.__file__).parent
    files = {one.__module__.rpartition(".")[2] for one in registry.DELIVERIES.values()}
    assert len(files) == len(registry.DELIVERIES)
    assert all((folder / f"{file}.py").is_file() for file in files)
