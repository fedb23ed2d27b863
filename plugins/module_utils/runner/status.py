"""What is there of filters in namespaces: the machine that reads it, an executor, and the loop between them."""

from __future__ import annotations

from collections.abc import Sequence

from ..cluster.api import ClusterApi
from ..status.states import NamespaceStatus
from ..status.survey import Survey
from . import loop
from .executor import Executor
from .progress import silent


def status(api: ClusterApi, namespaces: Sequence[str], filter_name: str = "") -> list[NamespaceStatus]:
    """Changes nothing.

    :param namespaces: empty: all that hold an object of ours.
    :param filter_name: only this filter; empty: all.
    :raises ApiError: no namespaces are named, and which have one can't be read.
    """
    machine = Survey(namespaces, filter_name)
    loop.run(machine, Executor(api, silent))
    if machine.error is not None:
        raise machine.error
    return machine.statuses()
