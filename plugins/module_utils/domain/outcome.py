"""What is said of a namespace and of a workload at the end of a run.

The words are those of the result file (docs/schemas/result.schema.json).
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any

UNCHANGED = "unchanged"
DEPLOYED = "deployed"
SKIPPED = "skipped"
FAILED = "failed"
REMOVED = "removed"
NOT_STARTED = "not_started"

# Reasons: constants, so that a script can act on them.
NAMESPACE_MISSING = "namespace_missing"
NAMESPACE_TERMINATING = "namespace_terminating"
NOT_INJECTED = "not_injected"
NOT_SELECTED = "not_selected"
INJECTION_DISABLED = "injection_disabled"
HOST_NETWORK = "host_network"
OWNED_BY_CONTROLLER = "owned_by_controller"
WORKLOAD_TERMINATING = "workload_terminating"
WORKLOAD_DELETED = "workload_deleted"
INVALID_ANNOTATION = "invalid_annotation"
FOREIGN_OBJECT = "foreign_object"
API_REFUSED = "api_refused"
ROLLOUT_FAILED = "rollout_failed"
ROLLOUT_TIMEOUT = "rollout_timeout"
ROLLOUT_HELD = "rollout_held"
CRASHED = "crashed"


@dataclass
class WorkloadVerdict:
    """One workload. `from`/`to` are revisions, or "none"."""

    kind: str
    name: str
    verdict: str
    from_revision: str = "none"
    to_revision: str = "none"
    reason: str = ""
    message: str = ""
    pods: list[dict[str, Any]] = field(default_factory=list)

    def as_dict(self) -> dict[str, Any]:
        fields = asdict(self)
        return {
            "kind": fields["kind"],
            "name": fields["name"],
            "verdict": fields["verdict"],
            "reason": fields["reason"],
            "message": fields["message"],
            "from": fields["from_revision"],
            "to": fields["to_revision"],
            "pods": fields["pods"],
        }


@dataclass
class NamespaceVerdict:
    """One namespace: `message` is the sentence that people read in the recap."""

    name: str
    verdict: str
    changed: bool = False
    reason: str = ""
    message: str = ""
    workloads: list[WorkloadVerdict] = field(default_factory=list)
    diff: dict[str, Any] = field(default_factory=dict)

    def as_dict(self) -> dict[str, Any]:
        return {
            "name": self.name,
            "verdict": self.verdict,
            "changed": self.changed,
            "reason": self.reason,
            "message": self.message,
            "workloads": [workload.as_dict() for workload in self.workloads],
        }
