# SPDX-License-Identifier: Apache-2.0
"""Envoy's configuration as plain values: listeners with and without the filter, and where they lead."""

import json
from pathlib import Path
from typing import Any

import wasmtime

HCM = "type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager"
WASM = "type.googleapis.com/envoy.extensions.filters.http.wasm.v3.Wasm"
RBAC = "type.googleapis.com/envoy.extensions.filters.http.rbac.v3.RBAC"
LISTENER = "type.googleapis.com/envoy.config.listener.v3.Listener"
ROUTER = "type.googleapis.com/envoy.extensions.filters.http.router.v3.Router"
HTTP_OPTIONS = "envoy.extensions.upstreams.http.v3.HttpProtocolOptions"
SLOT = "wasm-filters.openclarity.io/trace"

Value = dict[str, Any]

# How a cluster is spoken to, where it is not plain HTTP/1.1.
HTTP2: Value = {"http2_protocol_options": {}}
HTTP1_WITH_TRAILERS: Value = {"http_protocol_options": {"enable_trailers": True}}


def capabilities(wasm: Path) -> list[str]:
    """What the filter needs: Envoy asks both for what it imports and for the callbacks that it exports."""
    module = wasmtime.Module.from_file(wasmtime.Engine(), str(wasm))
    names = [entry.name for entry in module.imports] + [entry.name for entry in module.exports]
    return sorted(name for name in names if name and name.startswith("proxy_"))


def wasm_config(
    wasm: Path, configuration: Value | str, allowed: list[str] | None = None, vm_id: str = "trace"
) -> Value:
    """`allowed` limits what the module may use; by default to what it names; an empty list is no limit."""
    restriction: Value = {name: {} for name in (capabilities(wasm) if allowed is None else allowed)}
    return {
        "@type": WASM,
        "config": {
            "name": "trace",
            "root_id": "trace",
            "failure_policy": "FAIL_RELOAD",
            "reload_config": {"backoff": {"base_interval": "0.02s"}},
            "configuration": {
                "@type": "type.googleapis.com/google.protobuf.StringValue",
                "value": configuration if isinstance(configuration, str) else json.dumps(configuration),
            },
            "vm_config": {
                "vm_id": vm_id,
                "runtime": "envoy.wasm.runtime.v8",
                "code": {"local": {"filename": str(wasm)}},
            },
            "capability_restriction_config": {"allowed_capabilities": restriction},
        },
    }


def trace_filter(wasm: Path, configuration: Value) -> list[Value]:
    """As in a rollout, filters of different names have a machine each."""
    config = wasm_config(wasm, configuration)
    config["config"]["vm_config"]["vm_id"] = configuration.get("name", "trace")
    return [{"name": "trace", "typed_config": config}]


def watched(file: Path) -> Value:
    return {"path_config_source": {"path": str(file)}, "resource_api_version": "V3"}


def slot(discovery: Path) -> Value:
    """The filter's place in the chain, as the collection makes it: empty until its configuration arrives."""
    return {
        "name": SLOT,
        "config_discovery": {
            "config_source": watched(discovery),
            "type_urls": [WASM, RBAC],
            "default_config": {"@type": RBAC},
        },
    }


def slot_content(config: Value) -> Value:
    kind = "type.googleapis.com/envoy.config.core.v3.TypedExtensionConfig"
    return {"@type": kind, "name": SLOT, "typed_config": config}


def discover(file: Path, resources: list[Value]) -> None:
    """Puts a discovery response where Envoy watches: it notices a file that is moved into place."""
    fresh = file.with_suffix(".fresh")
    fresh.write_text(json.dumps({"version_info": "1", "resources": resources}))
    fresh.rename(file)


def route(prefix: str, cluster: str) -> Value:
    return {"match": {"prefix": prefix}, "route": {"cluster": cluster}}


def _address(address: str, port: int) -> Value:
    """A path is a Unix domain socket."""
    if address.startswith("/"):
        return {"pipe": {"path": address}}
    return {"socket_address": {"address": address, "port_value": port}}


def listener(
    name: str,
    filters: list[Value],
    address: str = "127.0.0.1",
    routes: list[Value] | None = None,
    port: int = 0,
    **manager: Any,
) -> Value:
    """On a port that the kernel chooses, unless told otherwise. `manager`: more for the HTTP connection manager."""
    chain = [*filters, {"name": "router", "typed_config": {"@type": ROUTER}}]
    routes = routes or [
        route("/to-backend", "backend"),
        {"match": {"prefix": "/local"}, "direct_response": {"status": 418, "body": {"inline_string": "teapot"}}},
        route("/", "upstream"),
    ]
    config = {
        "@type": HCM,
        "stat_prefix": name,
        "http_filters": chain,
        "route_config": {"virtual_hosts": [{"name": "all", "domains": ["*"], "routes": routes}]},
    } | manager
    return {
        "name": name,
        "address": _address(address, port),
        "filter_chains": [{"filters": [{"name": "http", "typed_config": config}]}],
    }


def pair(filters: list[Value], routes: list[Value] | None = None, **manager: Any) -> list[Value]:
    """A listener with the filter, and the same without it, to compare."""
    return [listener(name, chain, routes=routes, **manager) for name, chain in (("plain", []), ("traced", filters))]


def cluster(name: str, port: int = 0, address: str = "127.0.0.1", protocol: Value | None = None) -> Value:
    endpoint = {"endpoint": {"address": _address(address, port)}}
    value: Value = {
        "name": name,
        "type": "STATIC",
        "connect_timeout": "2s",
        "load_assignment": {"cluster_name": name, "endpoints": [{"lb_endpoints": [endpoint]}]},
    }
    if protocol is not None:
        options = {"@type": "type.googleapis.com/" + HTTP_OPTIONS, "explicit_http_config": protocol}
        value["typed_extension_protocol_options"] = {HTTP_OPTIONS: options}
    return value


def bootstrap(listeners: list[Value], clusters: list[Value]) -> Value:
    return {
        "node": {"id": "test", "cluster": "test"},
        "admin": {"address": {"socket_address": {"address": "127.0.0.1", "port_value": 0}}},
        "static_resources": {"listeners": listeners, "clusters": clusters},
    }
