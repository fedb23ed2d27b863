# SPDX-License-Identifier: Apache-2.0
"""A machine whose host may refuse a call, and which tells what it refused."""

from pathlib import Path

from tests.filter.host.machine import BAD_ARGUMENT, INTERNAL_FAILURE, NOT_FOUND, OK, Call, Machine

REASONS = (NOT_FOUND, BAD_ARGUMENT, INTERNAL_FAILURE)
# Without these nothing that the gauges and counters say can be relied upon.
BOOKKEEPING = {
    "proxy_increment_metric",
    "proxy_record_metric",
    "proxy_get_metric",
    "proxy_define_metric",
    "proxy_set_effective_context",
}


class RefusingMachine(Machine):
    def __init__(self, wasm: Path) -> None:
        super().__init__(wasm)
        self.countdown = 0
        """The call so many from now on is refused; 0 for none."""
        self.reason = INTERNAL_FAILURE
        self.refuses_bookkeeping = False
        self.pointer_lie: int | None = None
        """Where the host says that it put something, in place of the truth."""
        self.refused: list[str] = []
        """Names of the calls that were refused since somebody emptied it."""
        self.refused_calls: list[Call] = []
        self.events = 0

    def event(self, export: str, *arguments: int) -> int | None:
        self.events += 1
        return self.call(export, *arguments)

    def _host_call(self, name: str, arguments: list[int]) -> int:
        if self.countdown and (self.refuses_bookkeeping or name not in BOOKKEEPING):
            self.countdown -= 1
            if self.countdown == 0:
                self.refused.append(name)
                if name == "proxy_get_header_map_value":
                    self.refused.append(f"header {self.read(arguments[1], arguments[2]).decode()}")
                if name == "proxy_http_call":
                    # What was in it counts as failed, so it has to be known.
                    super()._host_call(name, arguments)
                    self.refused_calls.append(self.calls.pop())
                return self.reason
        return super()._host_call(name, arguments)

    def _return(self, data: bytes, address_at: int, size_at: int) -> int:
        if self.pointer_lie is None:
            return super()._return(data, address_at, size_at)
        self.refused.append("pointer")
        self._write(address_at, self.pointer_lie.to_bytes(4, "little"))
        self._write(size_at, (0xFFFF_FFF0).to_bytes(4, "little"))
        return 0

    def _increment_metric(self, metric: int, by: int) -> int:
        """Where the host has refused to raise a gauge, it can't be lowered by as much."""
        if self.refuses_bookkeeping and by >> 63:
            return OK
        return super()._increment_metric(metric, by)
