# SPDX-License-Identifier: Apache-2.0
"""What is said of a namespace and of a workload at the end of a run.

The words are those of the result file (docs/schemas/result.schema.json); docs/verdicts.md has each of
them with what it means, and a test compares the three.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum
from typing import Any

# In place of a revision: the filter is not there.
NONE = "none"


class Outcome(str, Enum):
    """What has become of a namespace or a workload."""

    # Else an f-string has `Outcome.DEPLOYED` from Python 3.11 on.
    __str__ = str.__str__

    UNCHANGED = "unchanged"
    DEPLOYED = "deployed"
    REMOVED = "removed"
    SKIPPED = "skipped"
    HELD = "held"
    # It had failed, and is as it was before the run; or it could not be taken back.
    ROLLED_BACK = "rolled_back"
    ROLLBACK_FAILED = "rollback_failed"
    FAILED = "failed"
    NOT_STARTED = "not_started"


# What did not go as asked.
FAILURES = frozenset({Outcome.FAILED, Outcome.ROLLED_BACK, Outcome.ROLLBACK_FAILED})


class Reason(str, Enum):
    """Why it has; a script may act on it."""

    __str__ = str.__str__

    # Of a namespace.
    NAMESPACE_MISSING = "namespace_missing"
    NAMESPACE_TERMINATING = "namespace_terminating"
    NOT_INJECTED = "not_injected"
    NO_INJECTOR = "no_injector"
    NO_WORKLOADS = "no_workloads"
    FOREIGN_OBJECT = "foreign_object"
    EARLIER_WAVE = "earlier_wave"
    # Of a workload that is left alone.
    NOT_SELECTED = "not_selected"
    INJECTION_DISABLED = "injection_disabled"
    HOST_NETWORK = "host_network"
    NO_SIDECAR = "no_sidecar"
    NO_MOUNT = "no_mount"
    GATEWAY = "gateway"
    OWNED_BY_CONTROLLER = "owned_by_controller"
    WORKLOAD_TERMINATING = "workload_terminating"
    WORKLOAD_DELETED = "workload_deleted"
    KIND_NOT_HANDLED = "kind_not_handled"
    ILL_BEFORE = "ill_before"
    # Of a workload whose pods wait for somebody.
    ROLLOUT_HELD = "rollout_held"
    NODE_DOWN = "node_down"
    # Of what went wrong.
    INVALID_ANNOTATION = "invalid_annotation"
    API_REFUSED = "api_refused"
    CHANGED_BY_ADMISSION = "changed_by_admission"
    REVERTED = "reverted"
    RECREATED = "recreated"
    ROLLOUT_FAILED = "rollout_failed"
    ROLLOUT_TIMEOUT = "rollout_timeout"
    # A revision that a workload was to go back to.
    NO_REVISION = "no_revision"
    # Of a pod in which the revision is known not to run, or not known to.
    WRONG_REVISION = "wrong_revision"
    NOT_LOADED = "not_loaded"
    NOT_RUNNING = "not_running"
    DRAINING = "draining"
    NO_ANSWER = "no_answer"
    PROOF_FORBIDDEN = "proof_forbidden"
    FOREIGN_FILTER = "foreign_filter"
    LOCKED = "locked"
    LOCK_LOST = "lock_lost"
    STOPPED = "stopped"
    CRASHED = "crashed"
    # Nothing is wrong with it: something else of its wave was.
    WAVE_FAILED = "wave_failed"


@dataclass
class WorkloadVerdict:
    """One workload. `from`/`to` are revisions, or "none"; `pods_replaced`: how many pods its change replaces."""

    kind: str
    name: str
    outcome: Outcome
    from_revision: str = NONE
    to_revision: str = NONE
    reason: str = ""
    message: str = ""
    pods_replaced: int = 0
    pods: list[dict[str, Any]] = field(default_factory=list)

    def as_dict(self) -> dict[str, Any]:
        """As the result file has it: plain text, as Ansible compares no enum with a string."""
        return {
            "kind": self.kind,
            "name": self.name,
            "verdict": self.outcome.value,
            "reason": str(self.reason),
            "message": self.message,
            "from": self.from_revision,
            "to": self.to_revision,
            "pods_replaced": self.pods_replaced,
            "pods": self.pods,
        }


@dataclass
class NamespaceVerdict:
    """One namespace: `message` is the sentence that people read in the recap."""

    name: str
    outcome: Outcome
    changed: bool = False
    reason: str = ""
    message: str = ""
    workloads: list[WorkloadVerdict] = field(default_factory=list)
    # Those that are of none of its workloads.
    pods: list[dict[str, Any]] = field(default_factory=list)
    diff: dict[str, Any] = field(default_factory=dict)

    def as_dict(self) -> dict[str, Any]:
        """As the result file has it."""
        return {
            "name": self.name,
            "verdict": self.outcome.value,
            "changed": self.changed,
            "reason": str(self.reason),
            "message": self.message,
            "workloads": [workload.as_dict() for workload in self.workloads],
            "pods": self.pods,
        }
