# SPDX-License-Identifier: Apache-2.0
"""Recorded states, read and written: tests/upgrade/recorded/NAME.json.

The name of the namespace is a placeholder in them, and so are the bytes of the filter but in one.
"""

from __future__ import annotations

import base64
import functools
import hashlib
import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from tests.upgrade.capture import Objects
from tests.upgrade.states import DEFAULTS_THEN, Owned, Variables

FOLDER = Path(__file__).with_name("recorded")
BINARY = "filter/dist/http-trace-filter.wasm"
NAMESPACE, WASM = "@NAMESPACE@", "@WASM@"
# The state that keeps the bytes of the filter, which is another one today.
WITH_BYTES = "configmap"


@dataclass(frozen=True)
class Deploy:
    """One run of the playbook, and what it left. `workloads` and `ours` are by KIND/NAME."""

    variables: Variables
    result: dict[str, Any]
    workloads: Objects
    ours: Objects

    @property
    def filter_name(self) -> str:
        return str(self.result["filter"])

    @property
    def field_manager(self) -> str:
        return f"wasm-filters.openclarity.io/{self.filter_name}"

    @property
    def spelled_out(self) -> Variables:
        """What gives this code the same settings: with the defaults of then, where they are others today."""
        return {**DEFAULTS_THEN, **self.variables}

    @property
    def delivery(self) -> str:
        return str(self.variables.get("wasm_filter_delivery", "configmap"))

    @property
    def verdict(self) -> dict[str, Any]:
        """The namespace's."""
        found: dict[str, Any] = self.result["clusters"][0]["namespaces"][0]
        return found


@dataclass(frozen=True)
class Recorded:
    """A namespace as one commit of this collection left it, deploy by deploy.

    `owned`: what its owner applied; `original`: what the API server made of that.
    """

    commit: str
    sha256: str
    owned: list[Owned]
    original: Objects
    deploys: list[Deploy]

    @property
    def binary(self) -> bytes:
        """The filter that it has, which a revision covers."""
        return binary(self.sha256)


def names() -> list[str]:
    return sorted(path.stem for path in FOLDER.glob("*.json"))


def load(name: str, namespace: str) -> Recorded:
    """The state as it would be in this namespace."""
    content = json.loads((FOLDER / f"{name}.json").read_text().replace(NAMESPACE, namespace))
    wasm = binary(content["sha256"])
    content = _replaced(content, WASM, base64.b64encode(wasm).decode())
    return Recorded(
        content["commit"],
        content["sha256"],
        [Owned(**entry) for entry in content["owned"]],
        content["original"],
        [Deploy(**entry) for entry in content["deploys"]],
    )


@functools.cache
def binary(sha256: str) -> bytes:
    """The filter of then, as the one ConfigMap has it whose bytes are kept."""
    content = json.loads((FOLDER / f"{WITH_BYTES}.json").read_text())
    (config_map,) = (entry for key, entry in content["deploys"][0]["ours"].items() if key.startswith("ConfigMap/"))
    wasm = base64.b64decode(config_map["binaryData"]["filter.wasm"])
    if hashlib.sha256(wasm).hexdigest() != sha256:
        raise AssertionError(f"{WITH_BYTES}.json has another filter than {sha256}: record the states again")
    return wasm


def save(name: str, state: Recorded, namespace: str, wasm: bytes) -> Path:
    content = asdict(state)
    if name != WITH_BYTES:
        content = _replaced(content, base64.b64encode(wasm).decode(), WASM)
    text = json.dumps(content, indent=1, sort_keys=True, ensure_ascii=False)
    path = FOLDER / f"{name}.json"
    path.parent.mkdir(exist_ok=True)
    path.write_text(text.replace(namespace, NAMESPACE) + "\n")
    return path


def _replaced(value: Any, old: str, new: str) -> Any:
    if isinstance(value, dict):
        return {key: _replaced(inner, old, new) for key, inner in value.items()}
    if isinstance(value, list):
        return [_replaced(inner, old, new) for inner in value]
    return new if value == old else value
