# SPDX-License-Identifier: Apache-2.0
"""What the user of `make bench-filter` and `make soak-filter` can choose: environment variables, checked."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
RELEASED = ROOT / "filter" / "dist" / "http-trace-filter.wasm"
# What openclarity/wasm-filters deploys: its configuration, and the cluster that its binary posts to.
OLD_CONFIGURATION = '{"trace_sampling_enabled":"false","service_mesh":"istio"}'
OLD_CLUSTER = "trace_analyzer"


class BadOption(Exception):
    """A variable that can't be used; the message names it, its value and what would be right."""


@dataclass(frozen=True)
class Options:
    short: bool
    filter: Path
    peer: Path | None
    peer_configuration: str
    peer_cluster: str
    rounds: int
    requests: int
    """Bench: per variant and round. Soak: altogether."""
    starts: int
    output: Path | None


def bench_options(environment: Mapping[str, str]) -> Options:
    """Raises BadOption."""
    return _read(environment, rounds=(2, 12), requests=(200, 2000), starts=(1, 12), least=200)


def soak_options(environment: Mapping[str, str]) -> Options:
    """Raises BadOption."""
    return _read(environment, rounds=(1, 1), requests=(3000, 1_000_000), starts=(1, 1), least=1000)


def _read(
    environment: Mapping[str, str],
    rounds: tuple[int, int],
    requests: tuple[int, int],
    starts: tuple[int, int],
    least: int,
) -> Options:
    """Each pair has the default of the short form and of the whole one."""
    short = choice(environment, "SHORT")
    return Options(
        short=short,
        filter=wasm(environment, "FILTER") or RELEASED,
        peer=wasm(environment, "PEER"),
        peer_configuration=environment.get("PEER_CONFIGURATION") or OLD_CONFIGURATION,
        peer_cluster=environment.get("PEER_CLUSTER") or OLD_CLUSTER,
        rounds=number(environment, "ROUNDS", rounds[0] if short else rounds[1], 2),
        requests=number(environment, "REQUESTS", requests[0] if short else requests[1], least),
        starts=number(environment, "STARTS", starts[0] if short else starts[1], 1),
        output=output(environment, "OUTPUT"),
    )


def choice(environment: Mapping[str, str], name: str) -> bool:
    value = environment.get(name, "")
    if value not in ("", "0", "1"):
        raise BadOption(f"{name}={value}: give 1 for the short form, 0 or nothing for the whole one")
    return value == "1"


def number(environment: Mapping[str, str], name: str, default: int, least: int) -> int:
    value = environment.get(name, "")
    if not value:
        return default
    if not (value.isascii() and value.isdecimal() and int(value) >= least):
        raise BadOption(f"{name}={value}: give a whole number from {least} on")
    return int(value)


def wasm(environment: Mapping[str, str], name: str) -> Path | None:
    value = environment.get(name, "")
    if not value:
        return None
    path = Path(value).expanduser().resolve()
    if not path.is_file():
        raise BadOption(f"{name}={value}: there is no such file; give the path of a .wasm")
    with path.open("rb") as file:
        if file.read(4) != b"\0asm":
            raise BadOption(f"{name}={value}: this is no WebAssembly module; give the path of a .wasm")
    return path


def output(environment: Mapping[str, str], name: str) -> Path | None:
    value = environment.get(name, "")
    if not value:
        return None
    path = Path(value).expanduser().resolve()
    if path.is_dir() or not path.parent.is_dir():
        raise BadOption(f"{name}={value}: give the path of a file in a folder that is there")
    return path
