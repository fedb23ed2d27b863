# SPDX-License-Identifier: Apache-2.0
"""One virtual machine that runs the filter: what Envoy would offer it, as plain attributes to set and look at.

It is as strict as Envoy where the filter could go wrong: a read outside of memory raises, an unknown header map
or buffer is an error status, and a call needs the pseudo headers that Envoy insists on.
"""

import struct
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import ClassVar

from tests.filter.host.crossing import Instance, Program
from tests.filter.host.wire import Pair, decode_pairs, encode_pairs

OK, NOT_FOUND, BAD_ARGUMENT, INVALID_MEMORY_ACCESS, INTERNAL_FAILURE = 0, 1, 2, 6, 10
REQUEST_HEADERS, RESPONSE_HEADERS, RESPONSE_TRAILERS, CALL_RESPONSE_HEADERS = 0, 2, 3, 6
REQUEST_BODY, RESPONSE_BODY, PLUGIN_CONFIGURATION = 0, 1, 7
CALL_RESPONSE_BODY = 4

GAUGE = 1

PARAMETERS = {
    "proxy_log": "iii",
    "proxy_get_buffer_bytes": "iiiii",
    "proxy_get_header_map_pairs": "iii",
    "proxy_get_header_map_value": "iiiii",
    "proxy_get_property": "iiii",
    "proxy_http_call": "iiiiiiiiii",
    "proxy_set_effective_context": "i",
    "proxy_done": "",
    "proxy_define_metric": "iiii",
    "proxy_increment_metric": "iI",
    "proxy_record_metric": "iI",
    "proxy_get_metric": "ii",
    "proxy_set_tick_period_milliseconds": "i",
    "proxy_get_current_time_nanoseconds": "i",
}

_METHODS = {name: "_" + name.removeprefix("proxy_") for name in PARAMETERS}


@dataclass
class Call:
    """A POST that the filter asked for."""

    cluster: bytes
    headers: list[Pair]
    body: bytes
    timeout_ms: int
    token: int
    root: int
    """The root context that it belongs to: the answer comes to it."""


@dataclass
class Offer:
    """What the host has at the moment of a callback."""

    headers: dict[int, list[Pair] | bytes] = field(default_factory=dict)
    buffers: dict[int, bytes] = field(default_factory=dict)
    properties: dict[bytes, bytes] = field(default_factory=dict)


class Machine:
    _programs: ClassVar[dict[tuple[Path, bool], Program]] = {}

    def __init__(self, wasm: Path, *, counted: bool = False) -> None:
        key = wasm, counted
        if key not in self._programs:
            self._programs[key] = Program(wasm, PARAMETERS, counted=counted)
        self.exports = frozenset(self._programs[key].exports)
        self._instance = Instance(self._programs[key])
        self.memory = self._instance.memory
        self.offer = Offer()
        self.calls: list[Call] = []
        self.logs: list[bytes] = []
        self.metrics: dict[str, int] = {}
        self.tick_ms: int | None = None
        self.now_ns = 1_700_000_000_000_000_000
        self.refuse: Callable[[str], int | None] = lambda name: None
        """Asked before each host call: a status to answer with, or None to carry on."""
        self.done: list[int] = []
        """Contexts that said so themselves, after they had asked for time."""
        self._roots: dict[int, int] = {}
        self.last_token = 0
        self._current = 0
        self._effective = 0
        self._metric_names: list[str] = []
        self._metric_kinds: list[int] = []

    def call(self, export: str, *arguments: int) -> int | None:
        if export.startswith("proxy_on_") and export != "proxy_on_memory_allocate":
            self._current, self._effective = arguments[0], 0
        if export == "proxy_on_context_create" and arguments[1]:
            self._roots[arguments[0]] = arguments[1]
        return self._instance.call(self._host_call, export, arguments)

    @property
    def memory_bytes(self) -> int:
        return self._instance.memory_bytes

    def _host_call(self, name: str, arguments: list[int]) -> int:
        refused = self.refuse(name)
        if refused is not None:
            return refused
        return int(getattr(self, _METHODS[name])(*arguments))

    def _place(self, address: int, size: int) -> slice:
        if address + size > len(self.memory):
            raise AssertionError(f"the filter pointed outside of its memory: {address} + {size}")
        return slice(address, address + size)

    def read(self, address: int, size: int) -> bytes:
        return bytes(self.memory[self._place(address, size)])

    def _write(self, address: int, data: bytes) -> None:
        self.memory[self._place(address, len(data))] = data

    def _return(self, data: bytes, address_at: int, size_at: int) -> int:
        address = 0
        if data:
            address = self.call("proxy_on_memory_allocate", len(data)) or 0
            if address == 0:
                return INVALID_MEMORY_ACCESS
            self._write(address, data)
        self._write(address_at, struct.pack("<I", address))
        self._write(size_at, struct.pack("<I", len(data)))
        return OK

    def _log(self, level: int, text: int, size: int) -> int:
        self.logs.append(self.read(text, size))
        return OK

    def _get_buffer_bytes(self, kind: int, start: int, size: int, address_at: int, size_at: int) -> int:
        if kind not in self.offer.buffers:
            return NOT_FOUND
        return self._return(self.offer.buffers[kind][start : start + size], address_at, size_at)

    def _get_header_map_pairs(self, kind: int, address_at: int, size_at: int) -> int:
        pairs = self.offer.headers.get(kind)
        if pairs is None:
            return NOT_FOUND
        # Envoy gives nothing at all for an empty map; raw bytes stand for a host gone wrong.
        wire = pairs if isinstance(pairs, bytes) else encode_pairs(pairs) if pairs else b""
        return self._return(wire, address_at, size_at)

    def _get_header_map_value(self, kind: int, key: int, key_size: int, address_at: int, size_at: int) -> int:
        pairs = self.offer.headers.get(kind)
        name = self.read(key, key_size)
        if pairs is None or isinstance(pairs, bytes) or name not in dict(pairs):
            return NOT_FOUND
        return self._return(dict(pairs)[name], address_at, size_at)

    def _get_property(self, path: int, path_size: int, address_at: int, size_at: int) -> int:
        value = self.offer.properties.get(self.read(path, path_size))
        return NOT_FOUND if value is None else self._return(value, address_at, size_at)

    def _http_call(self, *arguments: int) -> int:
        texts = [self.read(arguments[at], arguments[at + 1]) for at in (0, 2, 4, 6)]
        headers, trailers = decode_pairs(texts[1]), decode_pairs(texts[3])
        if not {b":method", b":path", b":authority"} <= {name for name, _ in headers} or trailers:
            return BAD_ARGUMENT
        self.last_token = token = self.last_token + 1
        context = self._effective or self._current
        root = self._roots.get(context, context)
        self.calls.append(Call(texts[0], headers, texts[2], arguments[8], token, root))
        self._write(arguments[9], struct.pack("<I", token))
        return OK

    def _set_effective_context(self, context: int) -> int:
        self._effective = context
        return OK

    def _done(self) -> int:
        self.done.append(self._current)
        return OK

    def _define_metric(self, kind: int, name: int, size: int, id_at: int) -> int:
        text = self.read(name, size).decode()
        # As in Envoy: the same name again is the same metric.
        self._metric_names.append(text)
        self._metric_kinds.append(kind)
        self.metrics.setdefault(text, 0)
        self._write(id_at, struct.pack("<I", len(self._metric_names) - 1))
        return OK

    def _increment_metric(self, metric: int, by: int) -> int:
        if metric >= len(self._metric_names):
            return BAD_ARGUMENT
        change = by - (1 << 64) if by >> 63 else by
        gauge = self._metric_kinds[metric] == GAUGE
        assert change != 0 and (gauge or change > 0), "Envoy refuses to take from a counter, or to add nothing"
        self.metrics[self._metric_names[metric]] += change
        assert self.metrics[self._metric_names[metric]] >= 0
        return OK

    def _record_metric(self, metric: int, value: int) -> int:
        if metric >= len(self._metric_names):
            return BAD_ARGUMENT
        self.metrics[self._metric_names[metric]] = value
        return OK

    def _get_metric(self, metric: int, value_at: int) -> int:
        if metric >= len(self._metric_names):
            return BAD_ARGUMENT
        self._write(value_at, struct.pack("<Q", self.metrics[self._metric_names[metric]]))
        return OK

    def _set_tick_period_milliseconds(self, period: int) -> int:
        self.tick_ms = period
        return OK

    def _get_current_time_nanoseconds(self, time_at: int) -> int:
        self._write(time_at, struct.pack("<Q", self.now_ns))
        return OK
