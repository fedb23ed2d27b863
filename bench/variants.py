# SPDX-License-Identifier: Apache-2.0
"""What is measured: the filters and how each is configured."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench import wasm_build
from tests.filter.envoy.bootstrap import Value, wasm_config

BACKEND = {"cluster": "backend", "authority": "collector:9000"}
FORMATS = ("publish", "apiclarity", "ndjson", "otlp")
BATCHED = ("ndjson", "otlp")
NONE, EMPTY, FIXED_POST, PEER = "none", "empty filter", "fixed POST", "peer"
LEFT_OUT = "left out by sampling"


@dataclass(frozen=True)
class Variant:
    """A filter in one configuration. `wasm` is None for an Envoy without a filter."""

    name: str
    wasm: Path | None = None
    configuration: Value | str = ""
    traces: bool = True
    """Whether each request has to give a trace."""
    foreign: bool = False

    def filters(self, vm_id: str = "trace") -> list[Value]:
        """For the filter chain. A foreign binary may use what it likes."""
        if self.wasm is None:
            return []
        allowed: list[str] | None = [] if self.foreign else None
        return [{"name": "trace", "typed_config": wasm_config(self.wasm, self.configuration, allowed, vm_id)}]


def ours(wasm: Path, form: str, bodies: str, **more: Any) -> Variant:
    configuration = {"revision": "0a1b2c3d4e", "format": form, "bodies": bodies, "backend": BACKEND} | more
    batch = ", batched" if form in BATCHED else ""
    return Variant(f"{form}{batch}, bodies {bodies}", wasm, configuration)


def variants(wasm: Path, folder: Path, document: str, peer: Path | None, peer_configuration: str) -> list[Variant]:
    """All of them. `document` is a trace as the format publish writes it; the folder takes what is built."""
    found = [
        Variant(NONE, traces=False),
        Variant(EMPTY, wasm_build.build("empty", folder), traces=False),
        Variant(FIXED_POST, wasm_build.build("fixed_post", folder), document),
    ]
    if peer is not None:
        found.append(Variant(PEER, peer, peer_configuration, foreign=True))
    found += [ours(wasm, form, bodies) for form in FORMATS for bodies in ("on", "off")]
    return [*found, Variant(LEFT_OUT, wasm, {"backend": BACKEND, "sample_rate": 0}, traces=False)]
