# SPDX-License-Identifier: Apache-2.0
"""An error that ends a module, in words: the cluster's, the kubeconfig's, or our own."""

from __future__ import annotations

import traceback
from pathlib import PurePath

from ansible_collections.kubernetes.core.plugins.module_utils.k8s.exceptions import CoreException

from .cluster import cause
from .cluster.api import CLIENT_ERRORS, HTTPError
from .domain.errors import ApiError, WasmFilterError

# What is not raised on purpose, but by the client for "no such file, context or server".
_OUTSIDE = (CoreException, OSError, *CLIENT_ERRORS)
COLLECTION = "openclarity/wasm_filters/"
# Whatever is raised in there is about what the kubeconfig says: a file that is none gives a TypeError.
KUBECONFIG_READER = ("kubernetes", "config")
SERVER_ERROR = 500


def is_internal(error: BaseException) -> bool:
    """Whether it is a fault of this collection (or of a package it calls), which nobody can put right by input."""
    if isinstance(error, (WasmFilterError, *_OUTSIDE)):
        return False
    frames = traceback.extract_tb(error.__traceback__)
    return not any(PurePath(frame.filename).parts[-3:-1] == KUBECONFIG_READER for frame in frames)


def internal(error: BaseException) -> str:
    """What happened and where, for a report."""
    where = ""
    for frame in reversed(traceback.extract_tb(error.__traceback__)):
        _before, ours, path = frame.filename.rpartition(COLLECTION)
        if ours:
            where = f" in {path}, line {frame.lineno}"
            break
    return (
        f"Internal error{where}: {type(error).__name__}: {error}. It is not your cluster: please report this, "
        f"with what -vvv and `pip freeze` show"
    )


def cluster(error: Exception) -> str:
    """What to look at when the API server can't be asked at all."""
    text = cause.told(error) if isinstance(error, HTTPError) else str(error)
    status = getattr(error, "status", 0)
    if status > 0 and (status < SERVER_ERROR or not isinstance(error, ApiError)):
        # Not which request it was, as it would be any.
        text = getattr(error, "detail", "") or str(getattr(error, "reason", "")) or text
    if status == 401:
        advice = "The API server does not take these credentials: log in anew, or name others by K8S_AUTH_KUBECONFIG"
    elif status == 403:
        advice = "docs/rbac/rollout.yml has the rights that are needed"
    elif status >= SERVER_ERROR:
        advice = "The API server has answered so, or a proxy before it: run it again, and look at its log if that stays"
    else:
        advice = (
            "Can the API server be reached from here, and is it the right cluster? K8S_AUTH_KUBECONFIG (or KUBECONFIG) "
            "names the kubeconfig, by its absolute path, and K8S_AUTH_CONTEXT the context in it"
        )
    return f"{text.removesuffix('.')}. {advice}"


def told(error: Exception) -> str:
    """The sentence that a module ends with."""
    if is_internal(error):
        return internal(error)
    if isinstance(error, WasmFilterError) and not isinstance(error, ApiError):
        return str(error)
    return cluster(error)
