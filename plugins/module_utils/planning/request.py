# SPDX-License-Identifier: Apache-2.0
"""What is asked for, checked as far as that needs no cluster. Reads the wasm file, else pure."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ..deliveries.delivery import Delivery
from ..deliveries.registry import DELIVERIES
from ..domain import wasm_module
from ..domain.errors import InputError
from ..domain.names import FilterNames, is_dns_label
from ..domain.plan import Binary, DeliveryName, IllBefore, OnFailure, Options, ProofMode, State
from . import address, role_variables
from .findings import Findings
from .waves import parse_serial, wave_sizes


@dataclass(frozen=True)
class BackendRequest:
    """The trace backend as it was given. `sampling_port`: to ask which hosts to trace; None: nobody is asked.

    `trace_format`: what is sent; empty where that is not known.
    """

    address: str
    port: int
    sampling_port: int | None
    cluster_domain: str
    trace_format: str = ""


@dataclass(frozen=True)
class OfFilter:
    """What is to be rolled out; nothing where the filter is to be taken out.

    `backend`: None where none is needed. `selector`: labels of the pods that it is meant for.
    """

    delivery: DeliveryName = DeliveryName.CONFIG_MAP
    binary: Binary | None = None
    backend: BackendRequest | None = None
    selector: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Request:
    """`wave_sizes`: how many namespaces each wave has."""

    state: State
    names: FilterNames
    namespaces: tuple[str, ...]
    wave_sizes: tuple[int, ...]
    options: Options
    istio_namespace: str
    root_namespace_allowed: bool
    filter: OfFilter


# Options of the module, as the variables of the role that people know them by.
VARIABLES = {
    "delivery": "wasm_filter_delivery",
    "binary_path": "wasm_filter_binary_path",
    "binary_sha256": "wasm_filter_binary_sha256",
    "sampling_enabled": "wasm_filter_trace_sampling_enabled",
    "istio_namespace": "wasm_filter_istio_namespace",
    "cluster_domain": "wasm_filter_cluster_domain",
    "root_namespace_allowed": "wasm_filter_root_namespace_allowed",
    "result_file": "wasm_filter_result_file",
    "plan_file": "wasm_filter_plan_file",
}


def check(params: dict[str, Any], found: Findings) -> Request | None:
    """The request; None, and what is wrong in `found.errors`, if it can't be granted."""
    state = State(params["state"])
    names = found.attempt(lambda: FilterNames(params["filter_name"], params["config_map_name"]))
    namespaces = found.attempt(lambda: namespace_names(params["namespaces"]))
    found.errors += params["refused"]
    found.errors += role_variables.unknown_names(params["variables_given"], params["variables_known"])
    variables = {**params["variables"], **{name: params[option] for option, name in VARIABLES.items()}}
    variables = role_variables.read_by(state, variables)
    wrong = role_variables.wrong_values(variables)
    found.errors += [str(error) for error in wrong]
    asked = _of_filter(params, found, {error.variable for error in wrong}) if state == State.PRESENT else OfFilter()
    if found.errors or names is None or namespaces is None:
        return None
    return Request(
        state,
        names,
        tuple(namespaces),
        tuple(wave_sizes(parse_serial(variables.get("wasm_filter_serial", "100%")), len(namespaces))),
        _options(variables, state),
        params["istio_namespace"],
        role_variables.is_true(params["root_namespace_allowed"]),
        asked,
    )


def namespace_names(value: object) -> list[str]:
    """A list, or names with commas or spaces between them: each name once, in order.

    :raises InputError: none at all, or one that can't be a namespace's name.
    """
    given = [str(item) for item in value] if isinstance(value, list) else re.split(r"[,\s]+", str(value or ""))
    names = list(dict.fromkeys(name.strip() for name in given if name.strip()))
    if not names:
        raise InputError("namespaces", value, "must name at least one namespace, such as -e namespaces=shop,pay")
    bad = [name for name in names if not is_dns_label(name)]
    if bad:
        raise InputError(
            "namespaces", ",".join(bad), "must be DNS labels: lower-case letters, digits and -, at most 63 characters"
        )
    return names


def _options(variables: dict[str, Any], state: State) -> Options:
    default = Options()
    return Options(
        timeout_seconds=int(variables.get("wasm_filter_timeout", default.timeout_seconds)),
        max_in_flight=int(variables.get("wasm_filter_max_in_flight", default.max_in_flight)),
        max_fail_percentage=int(variables.get("wasm_filter_max_fail_percentage", default.max_fail_percentage)),
        lock_seconds=int(variables.get("wasm_filter_lock_seconds", default.lock_seconds)),
        ill_before=IllBefore(variables.get("wasm_filter_ill_before", default.ill_before)),
        # YAML 1.1 reads `off` as false.
        proof=ProofMode(variables.get("wasm_filter_proof", default.proof) or ProofMode.OFF),
        proof_seconds=int(variables.get("wasm_filter_proof_seconds", default.proof_seconds)),
        on_failure=OnFailure(variables.get("wasm_filter_on_failure", default.on_failure)),
        rollback_to=variables.get("wasm_filter_rollback_to", "") if state == State.PREVIOUS else "",
        result_file=variables["wasm_filter_result_file"],
        plan_file=variables["wasm_filter_plan_file"],
    )


def _of_filter(params: dict[str, Any], found: Findings, wrong: set[str]) -> OfFilter:
    """What is left to check where each value by itself is right."""
    delivery = None
    if "wasm_filter_delivery" not in wrong:
        delivery = DELIVERIES[params["delivery"]]
        found.attempt(lambda: _check_context(params["filter_context"], delivery))
    binary = None
    if not wrong & {"wasm_filter_binary_path", "wasm_filter_binary_sha256"}:
        binary = found.attempt(lambda: _binary(params["binary_path"], delivery, params["binary_sha256"]))
    sampled = "wasm_filter_trace_sampling_enabled" not in wrong and role_variables.is_true(params["sampling_enabled"])
    backend_request = None if params["foreign"] else _backend(params, found, sampled)
    return OfFilter(
        DeliveryName(params["delivery"]) if delivery else DeliveryName.CONFIG_MAP,
        binary,
        backend_request,
        {} if "wasm_filter_selector" in wrong else params["variables"].get("wasm_filter_selector") or {},
    )


def _check_context(context: str, delivery: type[Delivery]) -> None:
    if context == "gateway" and context not in delivery.contexts:
        raise InputError(
            "wasm_filter_context",
            context,
            "gateways take no userVolume, so the file would never be there: use wasm_filter_delivery=inline",
        )


def _binary(path: str | None, delivery: type[Delivery] | None, pinned: str) -> Binary:
    if not path:
        raise InputError("wasm_filter_binary_path", path, "must name the .wasm file to roll out")
    try:
        content = Path(path).read_bytes()
    except OSError as error:
        raise InputError("wasm_filter_binary_path", path, f"can't be read: {error.strerror}") from None
    module = wasm_module.read(content, path)
    if delivery:
        delivery.check_size(module.size, path)
    if pinned and pinned.lower() != module.sha256:
        raise InputError("wasm_filter_binary_sha256", pinned, f"{path} has the sha256 {module.sha256}")
    return Binary(path, module.sha256, module.size, module.capabilities)


def _backend(params: dict[str, Any], found: Findings, sampled: bool) -> BackendRequest | None:
    host = found.attempt(lambda: address.check_address(params["backend_address"]))
    port = found.attempt(lambda: address.check_port(params["backend_port"]))
    sampling_port = None
    if sampled:
        sampling_port = found.attempt(lambda: address.check_port(params["sampling_port"], address.SAMPLING_PORT))
    if host is None or port is None:
        return None
    return BackendRequest(host, port, sampling_port, params["cluster_domain"], params["trace_format"])
