"""Argument specs that modules share; documented in plugins/doc_fragments/filter.py."""

from __future__ import annotations

from typing import Any

from ansible_collections.kubernetes.core.plugins.module_utils.args_common import AUTH_ARG_SPEC

AUTH_ARGUMENTS: dict[str, Any] = AUTH_ARG_SPEC
FILTER_ARGUMENTS: dict[str, Any] = {
    "filter_name": {"type": "str", "default": "trace"},
    "config_map_name": {"type": "str", "default": "wasm-filter"},
    "delivery": {"type": "str", "choices": ["configmap", "inline"], "default": "configmap"},
    "binary_path": {"type": "path"},
}
