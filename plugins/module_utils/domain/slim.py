# SPDX-License-Identifier: Apache-2.0
"""Workloads without what a rollout does not read: thousands of them are kept for as long as a run goes on. Pure.

Most of a workload is the spec of its pods, and managedFields. Who sends managedFields back has to read them whole.
Most of what is left are names, the same in each workload; but each answer that is parsed has its own copies of them.
"""

from __future__ import annotations

import sys
from typing import Any

Object = dict[str, Any]

# What `kubectl apply` keeps of the whole manifest.
LAST_APPLIED = "kubectl.kubernetes.io/last-applied-configuration"
_POD_SPEC_READ = ("hostNetwork",)
_TEMPLATES = "volumeClaimTemplates"


def slim(workload: Object) -> Object:
    """The same object, copied. Any kind with a pod template, or with one for its Jobs."""
    metadata = dict(workload["metadata"])
    if LAST_APPLIED in (metadata.get("annotations") or {}):
        metadata["annotations"] = {name: text for name, text in metadata["annotations"].items() if name != LAST_APPLIED}
    if metadata.get("managedFields"):
        metadata["managedFields"] = [_entry(one) for one in metadata["managedFields"]]
    found = {**workload, "metadata": metadata}
    if "spec" in workload:
        found["spec"] = _spec(workload["spec"])
    kept: Object = shared(found)
    return kept


def shared(value: Any) -> Any:
    """The same value, copied, with the texts that others have as well once for all."""
    if isinstance(value, dict):
        return {sys.intern(name): shared(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [shared(inner) for inner in value]
    return sys.intern(value) if isinstance(value, str) else value


def _spec(spec: Object) -> Object:
    found = {name: value for name, value in spec.items() if name != _TEMPLATES}
    if "template" in found:
        template = found["template"]
        pod = template.get("spec") or {}
        found["template"] = {**template, "spec": {name: pod[name] for name in _POD_SPEC_READ if name in pod}}
    if "jobTemplate" in found:
        job = found["jobTemplate"]
        found["jobTemplate"] = {**job, "spec": _spec(job.get("spec") or {})}
    return found


def _entry(entry: Object) -> Object:
    """Who, how and when; and of what, only the pod template's metadata, or that it has some of the template."""
    spec = _within(entry.get("fieldsV1"), "f:spec")
    job = _within(_within(spec, "f:jobTemplate"), "f:spec")
    template, of_job = _within(spec, "f:template"), _within(job, "f:template")
    fields: Object = {}
    if template:
        fields = {"f:spec": {"f:template": _template(template)}}
    elif of_job:
        fields = {"f:spec": {"f:jobTemplate": {"f:spec": {"f:template": _template(of_job)}}}}
    return {**entry, "fieldsV1": fields}


def _template(fields: Object) -> Object:
    return {key: value if key == "f:metadata" else {} for key, value in fields.items()}


def _within(fields: Any, key: str) -> Object:
    found: Object = (fields or {}).get(key) or {}
    return found
