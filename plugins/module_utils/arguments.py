# SPDX-License-Identifier: Apache-2.0
"""Argument specs that modules share."""

from __future__ import annotations

from typing import Any

from ansible_collections.kubernetes.core.plugins.module_utils.args_common import AUTH_ARG_SPEC

AUTH_ARGUMENTS: dict[str, Any] = AUTH_ARG_SPEC
