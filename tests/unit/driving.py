# SPDX-License-Identifier: Apache-2.0
"""Machines driven by hand: their requests are carried out on a simulated server at once, one after the other."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from ansible_collections.openclarity.wasm_filters.plugins.module_utils.deliveries.base import NamespaceObjects
from ansible_collections.openclarity.wasm_filters.plugins.module_utils.domain.errors import ApiError
from ansible_collections.openclarity.wasm_filters.plugins.module_utils.engine.commands import Request, Send
from ansible_collections.openclarity.wasm_filters.plugins.module_utils.engine.messages import Refusal, Reply

from tests.simulation.api_server import ApiServer
from tests.simulation.resources import RESOURCES
from tests.simulation.wire import perform
from tests.unit.objects import NAMES

State = TypeVar("State")


def answer(server: ApiServer, request: Request, resent: bool = False) -> Reply | Refusal:
    """What comes of a request."""
    try:
        return Reply(request, perform(server, request), resent)
    except ApiError as error:
        return Refusal(request, error, resent)


def drive(
    server: ApiServer,
    step: tuple[State, list[Send]],
    advance: Callable[[State, Reply | Refusal], tuple[State, list[Send]]],
) -> State:
    """Until it asks for nothing more."""
    state, sends = step
    waiting = list(sends)
    while waiting:
        state, more = advance(state, answer(server, waiting.pop(0).request))
        waiting += more
    return state


def objects_of(server: ApiServer, namespace: str = "shop") -> NamespaceObjects:
    """This filter's objects as a run reads them."""
    config_maps, _version = server.list(RESOURCES["ConfigMap"].path(namespace), NAMES.selector, metadata_only=True)
    envoy_filters, _version = server.list(RESOURCES["EnvoyFilter"].path(namespace), NAMES.selector)
    server.requests.clear()
    return NamespaceObjects(config_maps, envoy_filters)


def names(server: ApiServer, kind: str, namespace: str = "shop") -> list[str]:
    return sorted(one["metadata"]["name"] for one in server.store.collection(RESOURCES[kind], namespace))


def writes(server: ApiServer) -> list[str]:
    """What changes something, or would in check mode; not what is only tried."""
    return [one for one in server.requests if not one.startswith(("GET ", "LIST ", "WATCH ", "REHEARSE "))]
