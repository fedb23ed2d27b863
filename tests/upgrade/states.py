# SPDX-License-Identifier: Apache-2.0
"""The states of a namespace that are recorded: its workloads, and the deploys that made it what it is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from tests.cluster import manifests

Variables = dict[str, Any]

VOLUME, MOUNT = "sidecar.istio.io/userVolume", "sidecar.istio.io/userVolumeMount"
# Formatted as no serializer would, so that nothing but the very text can come back.
LIST = {
    VOLUME: '[{"name": "mine",  "configMap": {"name": "mine"}} ]',
    MOUNT: '[ {"mountPath": "/mine", "name": "mine"}]\n',
}
MAP = {
    VOLUME: '{"mine":  {"configMap": {"name": "mine"}}, "more": {"emptyDir": {} } }',
    MOUNT: '{ "mine":{"mountPath":"\\/mine"}, "more":{"mountPath":"/m\\u00f6re"}}',
}
EMPTY = {VOLUME: "[ ]", MOUNT: "null"}

# A revision covers the backend's name, so that it has to be the same wherever the state is put:
# the one Service that every cluster has, an address for documentation, and such a host name.
SERVICE: Variables = {
    "wasm_filter_trace_backend_address": "kubernetes.default",
    "wasm_filter_trace_backend_port": 443,
}
ADDRESS: Variables = {
    "wasm_filter_trace_backend_address": "2001:db8::10",
    "wasm_filter_trace_backend_headers": {"X-Token": "an example"},
    "wasm_filter_trace_backend_timeout_ms": 700,
    "wasm_filter_trace_format": "ndjson",
    "wasm_filter_trace_batch_count": "20",
    "wasm_filter_trace_batch_bytes": 50_000,
    "wasm_filter_trace_batch_milliseconds": 250,
    "wasm_filter_context": "inbound",
    "wasm_filter_insert": "INSERT_FIRST",
    "wasm_filter_priority": 7,
    "wasm_filter_selector": {"app": "web"},
}
HOST: Variables = {
    "wasm_filter_trace_backend_address": "Audit.example.com",
    "wasm_filter_trace_backend_port": "4318",
    "wasm_filter_trace_backend_authority": "collector.example.com",
    "wasm_filter_trace_backend_path": "/in?for=audit",
    "wasm_filter_trace_format": "otlp",
    "wasm_filter_trace_sample_rate": "0.25",
    "wasm_filter_trace_include": {"methods": ["GET", "POST"], "hosts": ["*.example.com"]},
    "wasm_filter_trace_exclude": {"paths": ["/healthz"], "statuses": [404]},
    "wasm_filter_redact_headers": ["Authorization", "x-secret"],
    "wasm_filter_redact_query": [],
}
ASKING: Variables = {
    "wasm_filter_trace_sampling_enabled": True,
    "wasm_filter_trace_sampling_port": 443,
    "wasm_filter_trace_sampling_path": "/hosts",
    "wasm_filter_trace_sampling_seconds": 60,
    "wasm_filter_trace_sampling_authority": "sampling",
}
BODIES: Variables = {
    "wasm_filter_bodies": "on",
    "wasm_filter_body_content_types": ["application/json", "text/*"],
    "wasm_filter_request_body_bytes_max": 1000,
    "wasm_filter_response_body_bytes_max": "2e3",
    "wasm_filter_memory_mib": 8,
    "wasm_filter_heartbeat_seconds": 10,
}
AUDIT: Variables = {
    **HOST,
    "wasm_filter_bodies": "off",
    "wasm_filter_name": "audit",
    "wasm_filter_config_map_name": "audit.example",
}

# What commit 2cb4cc2 wrote into a configuration where these were not given. Today the default lists are longer.
DEFAULTS_THEN: Variables = {
    "wasm_filter_redact_headers": [
        *("authorization", "proxy-authorization", "cookie", "set-cookie", "x-api-key", "x-auth-token"),
        *("x-amz-security-token", "x-csrf-token", "x-forwarded-client-cert"),
    ],
    "wasm_filter_redact_query": ["access_token", "token", "code", "password", "sig"],
}

# name -> the variables of each deploy, one after the other. Together they give every setting that the filter had.
STATES: dict[str, list[Variables]] = {
    "configmap": [SERVICE],
    "inline": [{**ADDRESS, "wasm_filter_delivery": "inline"}],
    "two_filters": [SERVICE, AUDIT],
    "two_revisions": [{**SERVICE, **ASKING, **BODIES, "wasm_filter_trace_format": "apiclarity"}, SERVICE],
}


@dataclass(frozen=True)
class Owned:
    """A workload as its owner applies it."""

    manifest: dict[str, Any]
    server_side: bool = False


def workloads(namespace: str) -> list[Owned]:
    """Three kinds, both ways to apply, and one whose pods have no sidecar."""

    def one(name: str, kind: str, annotations: dict[str, str]) -> dict[str, Any]:
        return manifests.workload(namespace, name, kind, pod=manifests.KWOK, annotations=annotations)

    return [
        Owned(one("agent", "DaemonSet", MAP), server_side=True),
        Owned(one("api", "Deployment", LIST), server_side=True),
        Owned(one("db", "StatefulSet", MAP)),
        Owned(one("empty", "Deployment", EMPTY)),
        Owned(one("outside", "Deployment", {"sidecar.istio.io/inject": "false"})),
        Owned(one("plain", "Deployment", {})),
        Owned(one("web", "Deployment", LIST)),
    ]
