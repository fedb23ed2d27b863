"""Modules, their documentation and the shared argument specs say the same."""

from __future__ import annotations

import yaml
from ansible_collections.openclarity.wasm_filters.plugins.doc_fragments.filter import ModuleDocFragment
from ansible_collections.openclarity.wasm_filters.plugins.module_utils.arguments import AUTH_ARGUMENTS, FILTER_ARGUMENTS


def test_filter_arguments_are_documented_as_they_are() -> None:
    options = yaml.safe_load(ModuleDocFragment.DOCUMENTATION)["options"]
    documented = {
        name: {key: value for key, value in option.items() if key != "description"} for name, option in options.items()
    }
    assert documented == FILTER_ARGUMENTS


def test_a_kubeconfig_can_be_named() -> None:
    assert {"kubeconfig", "context", "host", "api_key"} <= AUTH_ARGUMENTS.keys()
