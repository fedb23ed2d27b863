from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from ansible_collections.openclarity.wasm_filters.plugins.module_utils.domain.errors import (
    InputError,
    Unreachable,
    api_error,
)
from ansible_collections.openclarity.wasm_filters.plugins.module_utils.preflight import checks
from ansible_collections.openclarity.wasm_filters.plugins.module_utils.preflight.checks import (
    Findings,
    check_cluster,
    check_input,
    namespace_names,
)

from tests.unit.fake_api import FakeApi, Fault
from tests.unit.objects import BINARY, namespace

MESH = "/api/v1/namespaces/istio-system/configmaps/istio"
SERVICE = {
    "apiVersion": "v1",
    "kind": "Service",
    "metadata": {"name": "collector", "namespace": "traces"},
    "spec": {"ports": [{"port": 9000}]},
}


def params(**changes: Any) -> dict[str, Any]:
    return {
        "state": "present",
        "namespaces": ["shop", "pay"],
        "filter_name": "trace",
        "config_map_name": "wasm-filter",
        "delivery": "configmap",
        "binary_path": str(BINARY),
        "binary_sha256": "",
        "backend_address": "collector.traces",
        "backend_port": "9000",
        "foreign": False,
        "sampling_enabled": False,
        "sampling_port": "9990",
        "filter_context": "outbound",
        "refused": [],
        "istio_namespace": "istio-system",
        "root_namespace_allowed": False,
        "cluster_domain": "cluster.local",
        "variables": {},
        "variables_given": [],
        "variables_known": [],
        **changes,
    }


@pytest.mark.parametrize(
    "value",
    [
        "shop,pay",
        "shop pay",
        "shop, pay",
        " shop\n pay,,",
        ["shop", "pay"],
        ["shop", "pay", "shop"],
        [" shop ", "pay", ""],
    ],
)
def test_namespaces_as_people_write_them(value: object) -> None:
    assert namespace_names(value) == ["shop", "pay"]


def test_a_namespace_may_be_a_number() -> None:
    assert namespace_names([123]) == namespace_names("123") == ["123"]


@pytest.mark.parametrize("value", [None, "", " , ", []])
def test_no_namespace_at_all(value: object) -> None:
    with pytest.raises(InputError, match=r"at least one namespace"):
        namespace_names(value)


@pytest.mark.parametrize("value", ["Shop,pay", "shop;rm", ["../x"], ["a b"], "{{ x }}", True, {"shop": 1}, "x" * 64])
def test_no_namespace_of_such_a_name(value: object) -> None:
    with pytest.raises(InputError, match=r"namespaces=.*DNS labels"):
        namespace_names(value)


def test_good_input() -> None:
    found = check_input(params())
    assert found.errors == []
    assert found.facts["namespaces"] == ["shop", "pay"]
    assert found.facts["binary"]["size"] == BINARY.stat().st_size
    assert "proxy_on_tick" in found.facts["binary"]["capabilities"]


def test_all_that_is_wrong_is_told_at_once(tmp_path: Path) -> None:
    wrong = {
        "filter_name": "A",
        "namespaces": "B",
        "binary_path": str(tmp_path / "gone.wasm"),
        "backend_address": "http://x",
        "backend_port": 0,
        "sampling_enabled": True,
        "sampling_port": "x",
        "refused": ["wasm_filter_bodies=True: must be on or off"],
        "variables": {"wasm_filter_timeout": 0},
        "variables_given": ["wasm_filter_bodys"],
        "variables_known": ["wasm_filter_bodies"],
    }
    found = check_input(params(**wrong))
    assert len(found.errors) == 9
    message = found.message()
    assert message.startswith("Nothing was changed. 9 things have to be put right first:\n  - ")
    for variable in ("name", "binary_path", "trace_backend_port", "trace_sampling_port", "timeout"):
        assert f"wasm_filter_{variable}=" in message
    assert "namespaces='B'" in message
    assert "wasm_filter_bodies=True: must be on or off" in message
    assert "wasm_filter_bodys: there is no such variable; did you mean wasm_filter_bodies?" in message


def test_absent_looks_at_no_value_but_at_every_name() -> None:
    wrong: dict[str, Any] = {"variables": {"wasm_filter_timeout": 0}, "refused": ["x"], "filter_context": "gateway"}
    given = {"variables_given": ["wasm_filter_x"], "variables_known": ["wasm_filter_name"]}
    (error,) = check_input(params(state="absent", **wrong, **given)).errors
    assert error.startswith("wasm_filter_x: ")


def test_a_gateway_takes_no_config_map() -> None:
    (error,) = check_input(params(filter_context="gateway")).errors
    assert error.startswith("wasm_filter_context='gateway': ")
    assert "wasm_filter_delivery=inline" in error
    assert check_input(params(filter_context="inbound")).errors == []
    assert check_input(params(filter_context="gateway", delivery="inline")).errors == []


def test_one_error_is_one_sentence() -> None:
    found = Findings(errors=["x=1: must be 2"])
    assert found.message() == "Nothing was changed. x=1: must be 2"


def test_what_is_not_expected_is_not_hidden() -> None:
    with pytest.raises(ZeroDivisionError):
        Findings().attempt(lambda: 1 // 0)


@pytest.mark.parametrize("path", [None, "", "/nonexistent/filter.wasm", "/"])
def test_a_binary_that_can_not_be_read(path: str | None) -> None:
    (error,) = check_input(params(binary_path=path)).errors
    assert error.startswith(f"wasm_filter_binary_path={path!r}: ")


def test_a_pinned_binary() -> None:
    sha256 = check_input(params()).facts["binary"]["sha256"]
    assert check_input(params(binary_sha256=sha256.upper())).errors == []
    (error,) = check_input(params(binary_sha256="0" * 64)).errors
    assert f"has the sha256 {sha256}" in error


def test_absent_needs_neither_binary_nor_backend() -> None:
    found = check_input(params(state="absent", binary_path=None, backend_address="", backend_port="x"))
    assert found.errors == []


def test_a_foreign_filter_needs_no_backend() -> None:
    assert check_input(params(foreign=True, backend_address="", backend_port="x")).errors == []


def checked(api: FakeApi, **changes: Any) -> Findings:
    wanted = params(**changes)
    return check_cluster(api, wanted, Findings(facts={"namespaces": namespace_names(wanted["namespaces"])}))


def test_a_cluster_that_is_fit() -> None:
    api = FakeApi(namespace("shop"), namespace("pay"), SERVICE)
    found = checked(api)
    assert (found.errors, found.warnings, found.facts["unfit"]) == ([], [], {})
    assert found.facts["backend"]["cluster"] == "outbound|9000||collector.traces.svc.cluster.local"
    assert api.writes() == []


def test_a_cluster_without_istio() -> None:
    api = FakeApi()
    api.fixed = {}
    (error,) = checked(api).errors
    assert "install Istio" in error


def test_a_cluster_that_does_not_answer() -> None:
    api = FakeApi()
    api.faults.append(Fault("GET", 0))
    with pytest.raises(Unreachable):
        checked(api)


def reason(labels: dict[str, str], state: str = "present") -> str | None:
    entry = namespace("shop")
    entry["metadata"]["labels"] = labels
    unfit = checked(FakeApi(entry, SERVICE), namespaces="shop", state=state).facts["unfit"]
    return unfit["shop"]["reason"] if unfit else None


@pytest.mark.parametrize("labels", [{"istio-injection": "enabled"}, {"istio.io/rev": "canary"}])
def test_injected(labels: dict[str, str]) -> None:
    assert reason(labels) is None


@pytest.mark.parametrize(
    "labels",
    [{}, {"istio-injection": "disabled"}, {"istio-injection": "disabled", "istio.io/rev": "x"}, {"istio.io/rev": ""}],
)
def test_not_injected(labels: dict[str, str]) -> None:
    assert reason(labels) == "not_injected"
    assert reason(labels, state="absent") is None


def test_each_unfit_namespace_has_its_own_reason() -> None:
    leaving = namespace("leaving")
    leaving["metadata"]["deletionTimestamp"] = "2026-01-01T00:00:00Z"
    found = checked(FakeApi(namespace("shop"), leaving, SERVICE), namespaces="shop,ghost,leaving")
    assert found.errors == []
    assert {name: why["reason"] for name, why in found.facts["unfit"].items()} == {
        "ghost": "namespace_missing",
        "leaving": "namespace_terminating",
    }
    assert "ghost" in found.facts["unfit"]["ghost"]["message"]


def test_without_the_right_to_list_namespaces_each_is_asked_for() -> None:
    api = FakeApi(namespace("shop"), SERVICE)
    api.faults.append(Fault("LIST /api/v1/namespaces$", 403))
    assert list(checked(api).facts["unfit"]) == ["pay"]
    api.faults.append(Fault("GET /api/v1/namespaces/shop$", 403))
    assert checked(api).facts["unfit"]["shop"]["reason"] == "api_refused"


def mesh(text: str) -> dict[str, Any]:
    return {"data": {"mesh": text}}


ROOTS = [
    ("rootNamespace: shop", "shop"),
    ('a: 1\nrootNamespace: "shop"\nb: 2', "shop"),
    ("rootNamespace: 'shop'", "shop"),
]


@pytest.mark.parametrize(
    ("text", "root"), [*ROOTS, ("a:\n  rootNamespace: shop", "istio-system"), ("", "istio-system")]
)
def test_the_root_namespace_is_refused(text: str, root: str) -> None:
    api = FakeApi(namespace("shop"), namespace("istio-system"), SERVICE)
    api.fixed[MESH] = mesh(text)
    (error,) = checked(api, namespaces="shop,istio-system").errors
    assert error.startswith(f"namespaces='{root}': is the mesh's root namespace")
    assert checked(api, namespaces="shop,istio-system", root_namespace_allowed=True).errors == []
    assert checked(api, namespaces="shop,istio-system", state="absent").errors == []


def test_a_mesh_configuration_that_can_not_be_read_means_the_default() -> None:
    api = FakeApi(namespace("istio-system"), SERVICE)
    api.faults.append(Fault("GET .*/configmaps/istio", 403))
    assert checked(api, namespaces="istio-system").errors


class Refused(Exception):
    """As of the kubernetes package: a status and a reason, and headers in its text."""

    status = 401
    reason = "Unauthorized"


@pytest.mark.parametrize(
    ("error", "said", "advice"),
    [
        (Refused("(401)\nHTTP response headers: ..."), "Unauthorized", "log in anew"),
        (api_error("get /x", 401, "who are you?"), "who are you?", "log in anew"),
        (api_error("get /x", 403, "you may not"), "you may not", "docs/rbac/rollout.yml has"),
        (api_error("get /x", 500, "broken"), "broken", "is it the right cluster?"),
        (api_error("get /x", 0, "no way (Caused by Error(...))"), "failed to get /x: no way", "K8S_AUTH_KUBECONFIG"),
        (FileNotFoundError("no such file: /k"), "no such file: /k", "K8S_AUTH_CONTEXT"),
    ],
)
def test_a_cluster_that_can_not_be_asked(error: Exception, said: str, advice: str) -> None:
    text = checks.unreachable(error)
    assert text.startswith(f"Nothing was changed. {said}. ")
    assert advice in text


def test_the_alias_of_a_cluster_is_a_label(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for variable in ("K8S_AUTH_CONTEXT", "K8S_AUTH_KUBECONFIG", "KUBECONFIG"):
        monkeypatch.delenv(variable, raising=False)
    assert checks.cluster_alias({"context": "arn:aws:eks:eu-1:1/Prod_A"}) == "arn-aws-eks-eu-1-1-prod-a"
    assert checks.cluster_alias({"context": "//"}) == "cluster"
    assert checks.cluster_alias({"host": "https://x"}) == "cluster"
    assert checks.cluster_alias({"kubeconfig": {"current-context": "Kind"}}) == "kind"
    assert checks.cluster_alias({"kubeconfig": str(tmp_path / "gone")}) == "cluster"
    monkeypatch.setenv("K8S_AUTH_CONTEXT", "from-env")
    assert checks.cluster_alias({"kubeconfig": str(tmp_path / "gone")}) == "from-env"
