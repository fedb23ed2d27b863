# SPDX-License-Identifier: Apache-2.0
"""A container's environment, without a cluster."""

from __future__ import annotations

from typing import Any

import pytest

from testbed.node.environment import MissingReference, environment, expand, field_value, parse_quantity, resource_value

POD: dict[str, Any] = {
    "metadata": {"name": "web", "namespace": "shop", "labels": {"b": 'a "quote"', "a": "1"}},
    "spec": {"nodeName": "real-0"},
    "status": {"podIP": "10.0.0.7"},
}


def nothing(kind: str, name: str) -> dict[str, str] | None:
    return None


def of(*variables: dict[str, Any], lookup: Any = nothing, **container: Any) -> dict[str, str]:
    return environment(POD, {"name": "app", "env": list(variables), **container}, {"FROM_IMAGE": "1"}, lookup)


def test_references_expand_to_earlier_variables_only() -> None:
    values = of({"name": "A", "value": "$(B)"}, {"name": "B", "value": "b"}, {"name": "C", "value": "$(B)$$(B)"})
    assert (values["A"], values["C"]) == ("$(B)", "b$(B)")


def test_expand_leaves_unknown_names() -> None:
    assert expand("$(NO) $", {}) == "$(NO) $"


def test_container_overrides_image() -> None:
    assert of({"name": "FROM_IMAGE", "value": "2"})["FROM_IMAGE"] == "2"


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("metadata.name", "web"),
        ("status.podIP", "10.0.0.7"),
        ("spec.nodeName", "real-0"),
        ("metadata.labels['a']", "1"),
        ("metadata.labels", 'a="1"\nb="a \\"quote\\""'),
        ("metadata.annotations", ""),
    ],
)
def test_downward_fields(path: str, value: str) -> None:
    assert field_value(POD, path) == value


def test_missing_config_map_is_an_error_unless_optional() -> None:
    reference = {"name": "none", "key": "k"}
    with pytest.raises(MissingReference, match='configmap "none" not found'):
        of({"name": "A", "valueFrom": {"configMapKeyRef": reference}})
    assert "A" not in of({"name": "A", "valueFrom": {"configMapKeyRef": {**reference, "optional": True}}})


def test_secret_and_env_from() -> None:
    def lookup(kind: str, name: str) -> dict[str, str] | None:
        return {"k": f"{kind} {name}"}

    variable = {"name": "A", "valueFrom": {"secretKeyRef": {"name": "s", "key": "k"}}}
    values = of(variable, lookup=lookup, envFrom=[{"prefix": "P_", "configMapRef": {"name": "c"}}])
    assert (values["A"], values["P_k"]) == ("Secret s", "ConfigMap c")


def test_limits_round_up() -> None:
    limits = {"resources": {"limits": {"cpu": "1500m", "memory": "128Mi"}}}
    assert resource_value(limits, {"resource": "limits.cpu", "divisor": "1"}) == "2"
    assert resource_value(limits, {"resource": "limits.memory", "divisor": "1Mi"}) == "128"


@pytest.mark.parametrize(("text", "value"), [("100m", 0.1), ("2", 2.0), ("1Ki", 1024.0), ("1k", 1000.0), ("3G", 3e9)])
def test_quantities(text: str, value: float) -> None:
    assert parse_quantity(text) == pytest.approx(value)
