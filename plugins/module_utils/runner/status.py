# SPDX-License-Identifier: Apache-2.0
"""What is there of filters in namespaces: the machine that reads it, an executor, and the loop between them."""

from __future__ import annotations

from collections.abc import Sequence

from ..cluster.api import ClusterApi
from ..domain.errors import Forbidden, InputError
from ..status.states import NamespaceStatus
from ..status.survey import Survey
from . import loop
from .executor import Executor
from .progress import silent


def status(
    api: ClusterApi, namespaces: Sequence[str], filter_name: str = "", proof: bool = False
) -> list[NamespaceStatus]:
    """Changes nothing.

    :param namespaces: empty: all that hold an object of ours.
    :param filter_name: only this filter; empty: all.
    :param proof: whether the pods' sidecars are asked too.
    :raises InputError: no namespaces are named, and which hold one may not be read.
    :raises ApiError: the same, and it could not be read.
    """
    machine = Survey(namespaces, filter_name, proof)
    loop.run(machine, Executor(api, silent))
    if isinstance(machine.error, Forbidden):
        raise InputError(
            "namespaces",
            "",
            f"which namespaces have a filter may not be read in the whole cluster ({machine.error.detail}): name them, "
            "such as -e namespaces=shop,pay, or bind docs/rbac/status.yml by a ClusterRoleBinding",
        )
    if machine.error is not None:
        raise machine.error
    return machine.statuses()
