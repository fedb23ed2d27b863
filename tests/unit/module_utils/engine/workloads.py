# SPDX-License-Identifier: Apache-2.0
"""One Deployment on its way, told what happens to it."""

from __future__ import annotations

from typing import Any

from ansible_collections.openclarity.wasm_filters.plugins.module_utils.deliveries.base import Operation
from ansible_collections.openclarity.wasm_filters.plugins.module_utils.deliveries.removal import Removal
from ansible_collections.openclarity.wasm_filters.plugins.module_utils.domain.errors import api_error
from ansible_collections.openclarity.wasm_filters.plugins.module_utils.engine import workload
from ansible_collections.openclarity.wasm_filters.plugins.module_utils.engine.commands import Look, Send, Verb, WakeAt
from ansible_collections.openclarity.wasm_filters.plugins.module_utils.engine.messages import (
    Granted,
    Message,
    Refusal,
    Reply,
    Seen,
)
from ansible_collections.openclarity.wasm_filters.plugins.module_utils.engine.workload_state import (
    Context,
    WorkloadState,
)
from ansible_collections.openclarity.wasm_filters.plugins.module_utils.kinds.deployment import DEPLOYMENT

from tests.simulation.values import Object, merged, put
from tests.unit import objects
from tests.unit.objects import NAMES, delivery

TIMEOUT = 100.0
REMOVAL = Removal(NAMES)


def stored(uid: str = "u1", generation: int = 1, **arguments: Any) -> Object:
    """As the API server has one whose pods are all new and well."""
    entry: Object = objects.workload(**arguments)
    metadata = {**entry["metadata"], "uid": uid, "resourceVersion": "1", "generation": generation}
    return pods({**entry, "metadata": metadata}, updated=2)


def pods(entry: Object, updated: int, available: int = 2, **status: Any) -> Object:
    """With a status of its newest generation: `updated` of 2 pods are new."""
    seen = {"observedGeneration": entry["metadata"]["generation"], "replicas": 2, "updatedReplicas": updated}
    return {**entry, "status": {**seen, "availableReplicas": available, **status}}


def patched(entry: Object, body: Object) -> Object:
    """As the API server answers a patch: a generation that no controller has seen."""
    after: Object = merged(entry, body)
    metadata = entry["metadata"]
    fresh = {"resourceVersion": str(int(metadata["resourceVersion"]) + 1), "generation": metadata["generation"] + 1}
    return {**after, "metadata": {**after["metadata"], **fresh}}


def without_label(entry: Object) -> Object:
    """Somebody has put the template back."""
    entry = put(entry, "metadata", "generation", entry["metadata"]["generation"] + 1)
    return pods(put(entry, "spec", "template", "metadata", "labels", {"app": "web"}), updated=2)


class OneWorkload:
    """`state`, and the `commands` of the last step."""

    def __init__(
        self,
        entry: Object,
        operation: Operation | None = None,
        dry_run: bool = False,
        pods: list[Object] | None = None,
    ) -> None:
        self.context = Context(operation or delivery(), TIMEOUT, dry_run)
        self.now = 10.0
        self.commands: list[Send | WakeAt | Look] = []
        self._sent: list[Send] = []
        self.state: WorkloadState = workload.planned(DEPLOYMENT, entry, self.context, self.now, pods=pods)

    def tell(self, message: Message) -> OneWorkload:
        self.state, self.commands = workload.advance(self.state, message, self.now, self.context)
        self._sent += [command for command in self.commands if isinstance(command, Send)]
        return self

    @property
    def send(self) -> Send:
        """What it asked for last."""
        return self._sent[-1]

    @property
    def asked(self) -> list[Verb]:
        return [command.request.verb for command in self.commands if isinstance(command, Send)]

    def granted(self) -> OneWorkload:
        return self.tell(Granted())

    def answered(self, answer: Object | None = None) -> OneWorkload:
        """What was asked for is answered; a patch as it should be."""
        request = self.send.request
        if answer is None and request.verb != Verb.GET:
            answer = patched(self.state.object, request.body or {})
        return self.tell(Reply(request, answer))

    def tell_gone(self) -> OneWorkload:
        """What was to be read is not there."""
        return self.tell(Reply(self.send.request, None))

    def refused(self, status: int, resent: bool = False) -> OneWorkload:
        return self.tell(Refusal(self.send.request, api_error("patch web", status, "no"), resent))

    def seen(self, found: Object | None) -> OneWorkload:
        return self.tell(Seen(found))

    @property
    def said(self) -> tuple[str, str, str]:
        """Phase, outcome, reason."""
        return str(self.state.phase), str(self.state.outcome), str(self.state.reason)


def rolling(operation: Operation | None = None, **arguments: Any) -> OneWorkload:
    """Patched, and its pods are being replaced."""
    entry = arguments.pop("entry", None) or stored(**arguments)
    return OneWorkload(entry, operation).granted().answered()


def rolled(operation: Operation | None = None, **arguments: Any) -> OneWorkload:
    one = rolling(operation, **arguments)
    return one.seen(pods(one.state.object, updated=2))


def on_it() -> Object:
    """A workload that has the revision already."""
    one = rolling()
    return pods(one.state.object, updated=2)
