# SPDX-License-Identifier: Apache-2.0
"""The action plugin of `rollout`, around another module."""

from __future__ import annotations

from ansible_collections.openclarity.wasm_filters.plugins.action.rollout import ActionModule

__all__ = ["ActionModule"]
