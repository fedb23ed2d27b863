# SPDX-License-Identifier: Apache-2.0
"""What the machines ask for. Values only: who carries them out is the executor's matter."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import Any, TypeAlias


class Verb(str, Enum):
    """The methods of cluster/api.py, which say what each gives and takes."""

    __str__ = str.__str__

    GET = "get"
    GET_TEXT = "get_text"
    LIST = "list"
    CREATE = "create"
    APPLY = "apply"
    REPLACE = "replace"
    MERGE_PATCH = "merge_patch"
    DELETE = "delete"


@dataclass(frozen=True)
class Request:
    """One request to the API server.

    `field_selector`: of a LIST, as `label_selector`; few kinds know fields other than name and namespace.
    `rehearsal`: a dry run in any case, to learn whether it would be taken. `body` of a DELETE: its preconditions.
    `slim`: of workloads, as domain/slim.py has them.
    Answers: GET an object or None, GET_TEXT what is there as it is, LIST (objects, resourceVersion), DELETE whether it
    was there, else the object.
    """

    verb: Verb
    path: str
    body: dict[str, Any] | None = None
    manager: str = ""
    label_selector: str = ""
    metadata_only: bool = False
    rehearsal: bool = False
    field_selector: str = ""
    slim: bool = False


# What a machine asks of the coordinator, which knows who asked and hands the answer back.


@dataclass(frozen=True)
class Send:
    """Send a request; while it is turned away or not answered again, until `deadline` (seconds of the loop's clock)."""

    request: Request
    deadline: float


@dataclass(frozen=True)
class WakeAt:
    """Hand the machine a `Woken` at that time (seconds of the loop's clock)."""

    at: float


@dataclass(frozen=True)
class Look:
    """Look at the namespace's pods and events; a `Looked` comes, though not at once where it was done just now."""


# What the coordinator asks of the executor. A token comes back with the event that answers it.


@dataclass(frozen=True)
class Dispatch:
    """Send a request, once."""

    token: int
    request: Request


@dataclass(frozen=True)
class StartWatch:
    """Watch a collection of workloads from a resourceVersion on; they come as domain/slim.py has them."""

    token: int
    path: str
    resource_version: str


@dataclass(frozen=True)
class EndWatch:
    """Events of that watch are of no use any more."""

    token: int


@dataclass(frozen=True)
class SetTimer:
    """`at`: seconds of the loop's clock."""

    token: int
    at: float


@dataclass(frozen=True)
class Tell:
    """A line of progress. `step`: a mere step on the way to something that is told too.

    `done` of `total` namespaces have nothing under way any more; the pods of `rolling` workloads are being replaced.
    """

    namespace: str
    text: str
    step: bool
    done: int
    total: int
    rolling: int = 0


Command: TypeAlias = "Dispatch | StartWatch | EndWatch | SetTimer | Tell"
