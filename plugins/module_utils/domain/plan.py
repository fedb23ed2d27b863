# SPDX-License-Identifier: Apache-2.0
"""The plan: everything that is decided before anything is changed, as one value.

It is made on localhost, crosses to the play of the namespaces as one registered variable, and is all that
the rollout goes by. Its JSON form is docs/schemas/plan.schema.json.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, field, replace
from enum import Enum
from typing import Any

from .names import FilterNames

VERSION = 1


class State(str, Enum):
    """What the run is for."""

    __str__ = str.__str__

    PRESENT = "present"
    ABSENT = "absent"
    # One revision back, or to a named one.
    PREVIOUS = "previous"


class DeliveryName(str, Enum):
    """How the wasm gets to the proxies."""

    __str__ = str.__str__

    CONFIG_MAP = "configmap"
    INLINE = "inline"


class IllBefore(str, Enum):
    """What is done to a workload that is ill before the run."""

    __str__ = str.__str__

    SKIP = "skip"
    ROLL = "roll"


class ProofMode(str, Enum):
    """What becomes of a namespace where it is not known of a pod that the revision runs in it."""

    __str__ = str.__str__

    # It fails, unless nobody may ask.
    AUTO = "auto"
    REQUIRE = "require"
    # It is said.
    WARN = "warn"
    # Nobody asks.
    OFF = "off"


class OnFailure(str, Enum):
    """What is taken back where a workload fails."""

    __str__ = str.__str__

    # What failed by the cluster's reasons; the whole wave where the filter does not run.
    AUTO = "auto"
    ROLLBACK_WAVE = "rollback_wave"
    # What failed, and nothing else.
    ROLLBACK_WORKLOAD = "rollback_workload"
    # Nothing.
    STOP = "stop"


@dataclass(frozen=True)
class Target:
    """A namespace of a cluster (its alias). `reason` and `message` say why it is not eligible; empty: it is."""

    cluster: str
    namespace: str
    reason: str = ""
    message: str = ""

    @property
    def eligible(self) -> bool:
        return not self.reason


@dataclass(frozen=True)
class Exclusion:
    """A workload of a target that is left alone, and why: what a new pod of it would be, only the cluster can tell."""

    cluster: str
    namespace: str
    kind: str
    name: str
    reason: str
    message: str


@dataclass(frozen=True)
class Binary:
    """The wasm file: where it lies on the controller, and what it has to be."""

    path: str
    sha256: str
    size: int
    capabilities: tuple[str, ...] = ()


@dataclass(frozen=True)
class Options:
    """How the run goes about it. `timeout_seconds`: what a workload's pods may take to be replaced.

    `lock_seconds`: how long to wait for a namespace that another run is changing.
    `rollback_to`: of state previous, the revision to go to; empty: the one before.
    `proof_seconds`: how long the pods of a namespace may take to show that the revision runs in them.
    """

    timeout_seconds: int = 300
    max_in_flight: int = 50
    max_fail_percentage: int = 0
    lock_seconds: int = 60
    result_file: str = ""
    plan_file: str = ""
    ill_before: IllBefore = IllBefore.SKIP
    proof: ProofMode = ProofMode.AUTO
    proof_seconds: int = 120
    on_failure: OnFailure = OnFailure.AUTO
    rollback_to: str = ""


@dataclass(frozen=True)
class Run:
    """`started`: epoch seconds. `exported_data`: what leaves the pods, see docs/schemas/result.schema.json."""

    id: str
    started: float
    check: bool = False
    exported_data: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Plan:
    """`waves`: the namespaces of each, in order; each target is in one of them. `exclusions`: what of the targets is
    left alone, beside what a workload tells by itself.

    For state absent there is no revision, no binary and no EnvoyFilter.
    """

    state: State
    filter_name: str
    config_map_name: str
    targets: tuple[Target, ...]
    waves: tuple[tuple[str, ...], ...]
    run: Run
    options: Options = field(default_factory=Options)
    delivery: DeliveryName = DeliveryName.CONFIG_MAP
    revision: str = ""
    binary: Binary | None = None
    envoy_filter_spec: dict[str, Any] = field(default_factory=dict)
    exclusions: tuple[Exclusion, ...] = ()

    @property
    def names(self) -> FilterNames:
        return FilterNames(self.filter_name, self.config_map_name)

    def part(self, namespaces: list[str]) -> Plan:
        """The plan for some of its targets only; a name that is none of them is passed over."""
        wanted = set(namespaces)
        return replace(
            self,
            targets=tuple(target for target in self.targets if target.namespace in wanted),
            waves=tuple(part for wave in self.waves if (part := tuple(name for name in wave if name in wanted))),
            exclusions=tuple(one for one in self.exclusions if one.namespace in wanted),
        )

    def as_dict(self) -> dict[str, Any]:
        """As a registered variable has it: plain JSON values."""
        found = asdict(self)
        found.update(version=VERSION, state=self.state.value, delivery=self.delivery.value)
        options = self.options
        found["options"].update(
            ill_before=options.ill_before.value, proof=options.proof.value, on_failure=options.on_failure.value
        )
        return found

    @classmethod
    def from_dict(cls, content: dict[str, Any]) -> Plan:
        """:raises ValueError: another version's, or not a plan."""
        if content.get("version") != VERSION:
            raise ValueError(f"a plan of version {content.get('version')}; this collection reads version {VERSION}")
        fields = {key: value for key, value in content.items() if key != "version"}
        binary = fields["binary"]
        fields.update(
            state=State(fields["state"]),
            delivery=DeliveryName(fields["delivery"]),
            targets=tuple(Target(**target) for target in fields["targets"]),
            waves=tuple(tuple(wave) for wave in fields["waves"]),
            exclusions=tuple(Exclusion(**one) for one in fields["exclusions"]),
            run=Run(**fields["run"]),
            options=_options(fields["options"]),
            binary=Binary(**{**binary, "capabilities": tuple(binary["capabilities"])}) if binary else None,
        )
        return cls(**fields)


def _options(fields: dict[str, Any]) -> Options:
    words = {
        "ill_before": IllBefore(fields["ill_before"]),
        "proof": ProofMode(fields["proof"]),
        "on_failure": OnFailure(fields["on_failure"]),
    }
    return Options(**{**fields, **words})
