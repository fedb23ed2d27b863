# SPDX-License-Identifier: Apache-2.0
"""Modules, their documentation and the shared argument specs say the same."""

from __future__ import annotations

import importlib
from typing import Any

import pytest
import yaml
from ansible_collections.openclarity.wasm_filters.plugins.module_utils.arguments import AUTH_ARGUMENTS

MODULES = "ansible_collections.openclarity.wasm_filters.plugins.modules"


@pytest.mark.parametrize("name", ["preflight", "rollout"])
def test_arguments_are_documented_as_they_are(name: str) -> None:
    module = importlib.import_module(f"{MODULES}.{name}")
    options = yaml.safe_load(module.DOCUMENTATION)["options"]
    documented = {
        name: {key: value for key, value in option.items() if key != "description"} for name, option in options.items()
    }
    own: dict[str, Any] = {name: dict(spec) for name, spec in module.ARGUMENTS.items() if name not in AUTH_ARGUMENTS}
    for spec in own.values():
        spec.pop("no_log", None)
    assert documented == own


def test_a_kubeconfig_can_be_named() -> None:
    assert {"kubeconfig", "context", "host", "api_key"} <= AUTH_ARGUMENTS.keys()
