# SPDX-License-Identifier: Apache-2.0
"""A machine that counts what goes over the boundary: Envoy's calls into the module, its calls of Envoy, the bytes that
are copied either way, and the instructions in between."""

from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

from tests.filter.host.machine import Machine


@dataclass
class Counts:
    callbacks: Counter[str] = field(default_factory=Counter)
    """Calls into the module, by export; those for memory come from within a call of the host."""
    host_calls: Counter[str] = field(default_factory=Counter)
    bytes_in: int = 0
    """Put into the module's memory by the host."""
    bytes_out: int = 0
    """Read from it."""
    instructions: int = 0


class CountingMachine(Machine):
    def __init__(self, wasm: Path) -> None:
        super().__init__(wasm, counted=True)
        self._begin()

    def _begin(self) -> None:
        self._counts = Counts()
        self._before = self._instance.instructions

    def counted(self) -> Counts:
        """Since the last time that somebody asked."""
        counts = self._counts
        counts.instructions = self._instance.instructions - self._before
        self._begin()
        return counts

    def set_fuel(self, instructions: int) -> None:
        """After so many more the machine traps; they can't be counted any more."""
        self._instance.store.set_fuel(instructions)

    def call(self, export: str, *arguments: int) -> int | None:
        """As Envoy does, what a module does not export is not called."""
        if export not in self.exports:
            return 1 if export == "proxy_on_configure" else 0
        self._counts.callbacks[export] += 1
        return super().call(export, *arguments)

    def _host_call(self, name: str, arguments: list[int]) -> int:
        self._counts.host_calls[name] += 1
        return super()._host_call(name, arguments)

    def _return(self, data: bytes, address_at: int, size_at: int) -> int:
        self._counts.bytes_in += len(data)
        return super()._return(data, address_at, size_at)

    def read(self, address: int, size: int) -> bytes:
        self._counts.bytes_out += size
        return super().read(address, size)
