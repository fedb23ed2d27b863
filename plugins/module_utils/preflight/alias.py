# SPDX-License-Identifier: Apache-2.0
"""A short name for the cluster, from its kubeconfig."""

from __future__ import annotations

import os
import re
from typing import Any


def cluster_alias(params: dict[str, Any]) -> str:
    """A DNS label for the cluster: its kubeconfig context's name, or `cluster`."""
    context = params.get("context") or os.environ.get("K8S_AUTH_CONTEXT")
    if not context and not params.get("host"):
        context = _current_context(params.get("kubeconfig") or os.environ.get("K8S_AUTH_KUBECONFIG"))
    label = re.sub(r"[^a-z0-9]+", "-", str(context or "cluster").lower()).strip("-")[:63].strip("-")
    return label or "cluster"


def _current_context(kubeconfig: Any) -> str | None:
    if isinstance(kubeconfig, dict):
        return kubeconfig.get("current-context")
    from kubernetes import config  # the package is checked for by AnsibleK8SModule

    try:
        return str(config.list_kube_config_contexts(kubeconfig or None)[1]["name"])
    except (config.ConfigException, KeyError, TypeError):
        return None
