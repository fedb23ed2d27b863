# SPDX-License-Identifier: Apache-2.0
"""Variables that are no settings of the filter and need no cluster to be checked. Pure.

Every one that a role or a playbook reads has its rule here, but for those of OTHERWISE. The filter's own settings are
in filter/configuration.schema.json.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from ansible.module_utils.parsing.convert_bool import boolean

from ..domain.errors import InputError
from ..domain.names import is_dns_label
from ..domain.plan import State
from . import waves

# Checked with what they stand for: names, namespaces, the backend. And a whole configuration on the controller, as no
# module has to see what may be a token in it.
OTHERWISE = {
    "wasm_filter_plugin_configuration",
    "wasm_filter_namespaces",
    "wasm_filter_name",
    "wasm_filter_config_map_name",
    "wasm_filter_trace_backend_address",
    "wasm_filter_trace_backend_port",
    "wasm_filter_trace_sampling_port",
}
MAX_IN_FLIGHT = 10_000
# Python refuses to read a number of thousands of digits, by another error than ours.
_WHOLE = re.compile(r"-?[0-9]{1,20}")


def is_true(value: object) -> bool:
    """As Ansible reads it, from `yes` or "1" too.

    :raises ValueError: it is neither true nor false.
    """
    try:
        return bool(boolean(value))
    except TypeError as error:
        raise ValueError(str(error)) from None


# Which runs read a variable: all, or those after which pods have a revision.
ALL, ROLLOUTS = tuple(State), (State.PRESENT, State.PREVIOUS)


@dataclass(frozen=True)
class Rule:
    """What a variable has to be."""

    fits: Callable[[Any], bool]
    # What would be right, in words.
    right: str
    # The states of a run that read it.
    read_by: tuple[State, ...] = (State.PRESENT,)


def _number(lowest: int, highest: int) -> Callable[[Any], bool]:
    def fits(value: Any) -> bool:
        if isinstance(value, str) and _WHOLE.fullmatch(value):
            value = int(value)
        return isinstance(value, int) and not isinstance(value, bool) and lowest <= value <= highest

    return fits


def _one_of(*words: str | bool) -> Callable[[Any], bool]:
    return lambda value: isinstance(value, (str, bool)) and value in words


def _reads(read: Callable[[Any], object]) -> Callable[[Any], bool]:
    def fits(value: Any) -> bool:
        try:
            read(value)
        except ValueError:
            return False
        return True

    return fits


def _text(pattern: str) -> Callable[[Any], bool]:
    return lambda value: isinstance(value, str) and re.fullmatch(pattern, value) is not None


def _subdomain(value: Any) -> bool:
    return isinstance(value, str) and len(value) <= 253 and all(is_dns_label(part) for part in value.split("."))


def _labels(value: Any) -> bool:
    return isinstance(value, dict) and all(isinstance(item, str) for item in value.values())


_BOOLEAN = (_reads(is_true), "true or false")
_PATH = _text(r"[^\x00-\x1f]*")
RULES: Mapping[str, Rule] = {
    "wasm_filter_delivery": Rule(_one_of("configmap", "inline"), "configmap or inline"),
    "wasm_filter_binary_path": Rule(_PATH, "the path of a file"),
    "wasm_filter_binary_sha256": Rule(_text(r"([0-9a-fA-F]{64})?"), "64 hexadecimal digits, or empty for any"),
    "wasm_filter_trace_sampling_enabled": Rule(*_BOOLEAN),
    "wasm_filter_insert": Rule(
        _one_of("INSERT_BEFORE", "INSERT_AFTER", "INSERT_FIRST"), "INSERT_BEFORE, INSERT_AFTER or INSERT_FIRST"
    ),
    "wasm_filter_priority": Rule(
        _number(-(2**31), 2**31 - 1), "a whole number from -2147483648 to 2147483647; a lower one is applied earlier"
    ),
    "wasm_filter_selector": Rule(_labels, """a map of labels, such as -e '{"wasm_filter_selector": {"app": "web"}}'"""),
    "wasm_filter_restrict_capabilities": Rule(*_BOOLEAN),
    "wasm_filter_envoy_filter_template": Rule(_text(r"[^\x00-\x1f]+"), "the path of a template"),
    "wasm_filter_istio_namespace": Rule(
        lambda value: isinstance(value, str) and is_dns_label(value), "the name of a namespace", read_by=ALL
    ),
    "wasm_filter_cluster_domain": Rule(_subdomain, "a DNS domain, such as cluster.local"),
    "wasm_filter_root_namespace_allowed": Rule(*_BOOLEAN),
    "wasm_filter_timeout": Rule(_number(1, 86_400), "a number of seconds from 1 to 86400", read_by=ALL),
    "wasm_filter_serial": Rule(_reads(waves.parse_serial), waves.RIGHT, read_by=ALL),
    "wasm_filter_max_in_flight": Rule(
        _number(1, MAX_IN_FLIGHT), f"a whole number from 1 to {MAX_IN_FLIGHT}", read_by=ALL
    ),
    "wasm_filter_max_fail_percentage": Rule(_number(0, 100), "a whole number from 0 to 100", read_by=ALL),
    "wasm_filter_lock_seconds": Rule(_number(0, 86_400), "a number of seconds from 0 to 86400", read_by=ALL),
    "wasm_filter_ill_before": Rule(_one_of("skip", "roll"), "skip or roll"),
    "wasm_filter_on_failure": Rule(
        _one_of("auto", "rollback_wave", "rollback_workload", "stop"), "auto, rollback_wave, rollback_workload or stop"
    ),
    "wasm_filter_proof": Rule(_one_of("auto", "require", "warn", "off", False), "auto, require, warn or off", ROLLOUTS),
    "wasm_filter_proof_seconds": Rule(_number(1, 86_400), "a number of seconds from 1 to 86400", ROLLOUTS),
    "wasm_filter_rollback_to": Rule(
        _text(r"([0-9a-f]{10})?"), "a revision, ten hexadecimal digits, or empty for the one before", read_by=ALL
    ),
    "wasm_filter_result_file": Rule(_PATH, "the path of a file, or empty for none", read_by=ALL),
    "wasm_filter_plan_file": Rule(_PATH, "the path of a file, or empty for none", read_by=ALL),
    "wasm_filter_status_file": Rule(_PATH, "the path of a file, or empty for none", read_by=ALL),
    "wasm_filter_status_proof": Rule(*_BOOLEAN, read_by=ALL),
    "wasm_filter_fail_on_drift": Rule(*_BOOLEAN, read_by=ALL),
}


def read_by(state: State, given: Mapping[str, Any]) -> dict[str, Any]:
    """What a run of that state reads: of the rest nobody has to know whether it is right."""
    return {name: value for name, value in given.items() if name not in RULES or state in RULES[name].read_by}


def wrong_values(given: Mapping[str, Any]) -> list[InputError]:
    """One error for each variable that breaks its rule."""
    return [
        InputError(name, given[name], f"must be {rule.right}")
        for name, rule in RULES.items()
        if name in given and not rule.fits(given[name])
    ]


def unknown_names(given: Iterable[str], known: Iterable[str]) -> list[str]:
    """A sentence for each name that means nothing: it would be ignored, and the default taken instead."""
    names = set(known)
    if not names:
        return []
    sentences = []
    for name in sorted(set(given) - names):
        nearest = difflib.get_close_matches(name, names, 1)
        meant = f"did you mean {nearest[0]}?" if nearest else "roles/wasm_filter/README.md lists them"
        sentences.append(f"{name}: there is no such variable; {meant}")
    return sentences
