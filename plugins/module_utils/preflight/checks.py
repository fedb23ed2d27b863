"""All that is checked before anything is changed. Collects what is wrong instead of stopping at the first."""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from ..cluster.api import ClusterApi
from ..cluster.snapshot import ENVOY_FILTERS, namespaces_of_cluster
from ..domain import outcome, wasm_module
from ..domain.errors import ApiError, Forbidden, InputError
from ..domain.names import FilterNames, is_dns_label
from ..planning import backend, role_variables

ROOT_NAMESPACE = re.compile(r"^rootNamespace:\s*[\"']?([-a-z0-9]+)", re.MULTILINE)


@dataclass
class Findings:
    """What the checks found: `errors` stop the run, `facts` go on to the next task."""

    errors: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    facts: dict[str, Any] = field(default_factory=dict)

    def attempt(self, check: Callable[[], Any]) -> Any:
        """The check's value; None, and an entry in `errors`, if it failed."""
        try:
            return check()
        except InputError as error:
            if str(error) not in self.errors:
                self.errors.append(str(error))
            return None

    def message(self) -> str:
        if len(self.errors) == 1:
            return f"Nothing was changed. {self.errors[0]}"
        listed = "".join(f"\n  - {error}" for error in self.errors)
        return f"Nothing was changed. {len(self.errors)} things have to be put right first:{listed}"


def check_input(params: dict[str, Any]) -> Findings:
    """What can be checked without a cluster."""
    found = Findings()
    found.attempt(lambda: FilterNames(params["filter_name"], params["config_map_name"]))
    found.facts["namespaces"] = found.attempt(lambda: namespace_names(params["namespaces"]))
    found.errors += role_variables.unknown_names(params["variables_given"], params["variables_known"])
    if params["state"] == "present":
        found.errors += params["refused"]
        found.errors += [str(error) for error in role_variables.wrong_values(params["variables"])]
        if params["filter_context"] == "gateway" and params["delivery"] == "configmap":
            found.attempt(_refuse_gateway)
        binary = found.attempt(lambda: _binary(params["binary_path"], params["delivery"], params["binary_sha256"]))
        if binary:
            found.facts["binary"] = {
                "sha256": binary.sha256,
                "size": binary.size,
                "capabilities": list(binary.capabilities),
            }
        if not params["foreign"]:
            found.attempt(lambda: backend.check_address(params["backend_address"]))
            found.attempt(lambda: backend.check_port(params["backend_port"]))
            if params["sampling_enabled"]:
                found.attempt(lambda: backend.check_port(params["sampling_port"], backend.SAMPLING_PORT))
    return found


def namespace_names(value: object) -> list[str]:
    """A list, or names with commas or spaces between them: each name once, in order.

    :raises InputError: none at all, or one that can't be a namespace's name.
    """
    given = [str(item) for item in value] if isinstance(value, list) else re.split(r"[,\s]+", str(value or ""))
    names = list(dict.fromkeys(name.strip() for name in given if name.strip()))
    if not names:
        raise InputError("namespaces", value, "must name at least one namespace, such as -e namespaces=shop,pay")
    bad = [name for name in names if not is_dns_label(name)]
    if bad:
        raise InputError(
            "namespaces", ",".join(bad), "must be DNS labels: lower-case letters, digits and -, at most 63 characters"
        )
    return names


def _binary(path: str | None, delivery: str, pinned: str) -> wasm_module.WasmModule:
    if not path:
        raise InputError("wasm_filter_binary_path", path, "must name the .wasm file to roll out")
    try:
        content = Path(path).read_bytes()
    except OSError as error:
        raise InputError("wasm_filter_binary_path", path, f"can't be read: {error.strerror}") from None
    binary = wasm_module.read(content, path, delivery)
    if pinned and pinned.lower() != binary.sha256:
        raise InputError("wasm_filter_binary_sha256", pinned, f"{path} has the sha256 {binary.sha256}")
    return binary


def check_cluster(api: ClusterApi, params: dict[str, Any], found: Findings) -> Findings:
    """What only the cluster can tell.

    A namespace that is missing or not injected fails alone, later; what would be wrong for all of
    them is an error now.

    :raises ApiError: the API server can't be asked.
    """
    names: list[str] = found.facts["namespaces"]
    if api.get(ENVOY_FILTERS) is None:
        found.errors.append(
            "the cluster does not serve networking.istio.io/v1alpha3 EnvoyFilter: install Istio, or name its cluster "
            "by kubeconfig and context (K8S_AUTH_KUBECONFIG, K8S_AUTH_CONTEXT)"
        )
        return found
    root = _root_namespace(api, params["istio_namespace"])
    if root in names and params["state"] == "present" and not params["root_namespace_allowed"]:
        found.attempt(lambda: _refuse_root(root))
    known = namespaces_of_cluster(api, names)
    unfit = {name: _unfit(name, known.found.get(name), params["state"]) for name in names}
    refused = {name: {"reason": outcome.API_REFUSED, "message": why} for name, why in known.refused.items()}
    found.facts["unfit"] = {**{name: why for name, why in unfit.items() if why}, **refused}
    if params["state"] == "present" and not params["foreign"]:
        chosen = found.attempt(lambda: _backend(api, params, backend.PORT, params["backend_port"]))
        if chosen:
            found.facts["backend"] = asdict(chosen)
            found.warnings += found.facts["backend"].pop("warnings")
        if params["sampling_enabled"]:
            found.facts["hosts_from"] = found.attempt(lambda: _sampling(api, params))
    return found


def _refuse_gateway() -> None:
    raise InputError(
        "wasm_filter_context",
        "gateway",
        "gateways take no userVolume, so the file would never be there: use wasm_filter_delivery=inline",
    )


def unreachable(error: Exception) -> str:
    """What to look at when the API server can't be asked at all."""
    text = str(error).partition(" (Caused by")[0]
    status = getattr(error, "status", 0)
    if status == 401:
        advice = "The API server does not take these credentials: log in anew, or name others by K8S_AUTH_KUBECONFIG"
    elif status == 403:
        advice = "docs/rbac/rollout.yml has the rights that are needed"
    else:
        advice = (
            "Can the API server be reached from here, and is it the right cluster? K8S_AUTH_KUBECONFIG (or KUBECONFIG) "
            "names the kubeconfig, by its absolute path, and K8S_AUTH_CONTEXT the context in it"
        )
    if status:
        text = getattr(error, "detail", "") or str(getattr(error, "reason", "")) or text
    return f"Nothing was changed. {text}. {advice}"


def _refuse_root(root: str) -> None:
    raise InputError(
        "namespaces",
        root,
        "is the mesh's root namespace, where an EnvoyFilter reaches every proxy of the mesh: leave it out, "
        "or say wasm_filter_root_namespace_allowed=true",
    )


def _root_namespace(api: ClusterApi, istio_namespace: str) -> str:
    """From the mesh configuration; where that can't be read, Istio's default: istiod's own namespace."""
    try:
        mesh = api.get(f"/api/v1/namespaces/{istio_namespace}/configmaps/istio") or {}
    except ApiError:
        mesh = {}
    match = ROOT_NAMESPACE.search((mesh.get("data") or {}).get("mesh", ""))
    return match[1] if match else istio_namespace


def _unfit(name: str, namespace: dict[str, Any] | None, state: str) -> dict[str, str] | None:
    if namespace is None:
        return {"reason": outcome.NAMESPACE_MISSING, "message": f"namespace {name} does not exist"}
    metadata = namespace["metadata"]
    if metadata.get("deletionTimestamp"):
        return {"reason": outcome.NAMESPACE_TERMINATING, "message": f"namespace {name} is being deleted"}
    labels = metadata.get("labels") or {}
    injected = labels.get("istio-injection") == "enabled" or (
        "istio-injection" not in labels and bool(labels.get("istio.io/rev"))
    )
    if state == "present" and not injected:
        message = (
            f"namespace {name} is not injected: it needs the label istio-injection=enabled or istio.io/rev=REVISION"
        )
        return {"reason": outcome.NOT_INJECTED, "message": message}
    return None


def _sampling(api: ClusterApi, params: dict[str, Any]) -> dict[str, str]:
    """The backend's other port, which tells what hosts to trace.

    The mesh has a cluster for each port of a Service; for other backends there is none.
    """
    chosen = _backend(api, params, backend.SAMPLING_PORT, params["sampling_port"])
    if chosen.kind != "service":
        raise InputError(
            backend.SAMPLING,
            True,
            f"asks the backend which hosts to trace, and needs one that is a Service of this cluster; "
            f"{backend.ADDRESS}={params['backend_address']} is none",
        )
    return {"cluster": chosen.cluster, "authority": chosen.authority}


def _backend(api: ClusterApi, params: dict[str, Any], variable: str, port: object) -> backend.Backend:
    def service(namespace: str, name: str) -> dict[str, Any] | None:
        try:
            return api.get(f"/api/v1/namespaces/{namespace}/services/{name}")
        except Forbidden as error:
            raise InputError(
                backend.ADDRESS,
                params["backend_address"],
                f"may be Service {name} in namespace {namespace}, which you may not read ({error.detail}): get that "
                f"right, or write it with a dot at its end if it is a host outside the cluster",
            ) from None

    return backend.resolve(
        backend.check_address(params["backend_address"]),
        backend.check_port(port, variable),
        params["cluster_domain"],
        params["filter_name"],
        service,
        variable,
    )


def cluster_alias(params: dict[str, Any]) -> str:
    """A DNS label for the cluster: its kubeconfig context's name, or `cluster`."""
    context = params.get("context") or os.environ.get("K8S_AUTH_CONTEXT")
    if not context and not params.get("host"):
        context = _current_context(params.get("kubeconfig") or os.environ.get("K8S_AUTH_KUBECONFIG"))
    label = re.sub(r"[^a-z0-9]+", "-", str(context or "cluster").lower()).strip("-")[:63].strip("-")
    return label or "cluster"


def _current_context(kubeconfig: Any) -> str | None:
    if isinstance(kubeconfig, dict):
        return kubeconfig.get("current-context")
    from kubernetes import config  # the package is checked for by AnsibleK8SModule

    try:
        return str(config.list_kube_config_contexts(kubeconfig or None)[1]["name"])
    except (config.ConfigException, KeyError, TypeError):
        return None
