# SPDX-License-Identifier: Apache-2.0
"""What is the cluster's fault, what the kubeconfig's, and what our own."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from ansible_collections.kubernetes.core.plugins.module_utils.k8s.client import get_api_client
from ansible_collections.kubernetes.core.plugins.module_utils.k8s.exceptions import CoreException
from ansible_collections.openclarity.wasm_filters.plugins.module_utils import failure
from ansible_collections.openclarity.wasm_filters.plugins.module_utils.cluster import api
from ansible_collections.openclarity.wasm_filters.plugins.module_utils.domain.errors import InputError, api_error
from kubernetes.client.exceptions import ApiException
from urllib3 import HTTPConnectionPool
from urllib3.exceptions import MaxRetryError

ADVICE = "Can the API server be reached"


@pytest.mark.parametrize(
    ("error", "said", "advice"),
    [
        (ApiException(401, "Unauthorized"), "Unauthorized", "log in anew"),
        (api_error("get /x", 401, "who are you?"), "who are you?", "log in anew"),
        (api_error("get /x", 403, "you may not"), "you may not", "docs/rbac/rollout.yml has"),
        (api_error("get /x", 404, "page not found"), "page not found", "is it the right cluster?"),
        (api_error("get /x", 500, "broken"), "failed to get /x: broken (HTTP 500)", "look at its log"),
        (ApiException(503, "Unavailable"), "Unavailable", "look at its log"),
        (api_error("get /x", 0, "no way (why)"), "failed to get /x: no way (why)", "K8S_AUTH_KUBECONFIG"),
        (FileNotFoundError("no such file: /k"), "no such file: /k", "K8S_AUTH_CONTEXT"),
        (CoreException("no context"), "no context", ADVICE),
        (
            MaxRetryError(HTTPConnectionPool("x", 80), "/version", OSError("refused")),
            "no answer of x:80: refused",
            ADVICE,
        ),
    ],
)
def test_a_cluster_that_can_not_be_asked(error: Exception, said: str, advice: str) -> None:
    text = failure.told(error)
    assert text.startswith(f"{said}. ")
    assert advice in text


def test_what_was_typed_needs_no_advice_about_the_cluster() -> None:
    assert failure.told(InputError("x", 1, "must be 2")) == "x=1: must be 2"


def raised(call: Any) -> Exception:
    with pytest.raises(Exception) as caught:
        call()
    return caught.value


@pytest.mark.parametrize("content", ["text", "[1, 2]", "{{", "", "contexts: text", "current-context: a"])
def test_a_kubeconfig_that_is_none_is_not_our_fault(content: str, tmp_path: Path) -> None:
    path = tmp_path / "kubeconfig"
    path.write_text(content)
    error = raised(lambda: get_api_client(kubeconfig=str(path)))
    assert not failure.is_internal(error)
    assert ADVICE in failure.told(error)


class RetryOf126:
    """As of urllib3 1.26, without what came in 2.0."""

    def __init__(self, total: int = 10, allowed_methods: object = (), backoff_factor: float = 0) -> None:
        pass


def test_an_internal_error_is_not_the_clusters(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(api, "_retries", lambda: RetryOf126(backoff_jitter=0.4))  # type: ignore[call-arg]
    error = raised(lambda: api.ClusterApi(Client(), resend=True))
    text = failure.told(error)
    assert text.startswith("Internal error in plugins/module_utils/cluster/api.py, line ")
    assert "TypeError: " in text and "'backoff_jitter'" in text and "please report this" in text
    assert ADVICE not in text and "K8S_AUTH" not in text


class Client:
    """kubernetes.core's, as far as ours reads it."""

    dry_run = False

    @property
    def client(self) -> Any:
        return self

    def __getattr__(self, name: str) -> Any:
        return {} if name == "connection_pool_kw" else self


def test_an_error_from_elsewhere_is_internal_all_the_same() -> None:
    text = failure.told(ZeroDivisionError("x"))
    assert text.startswith("Internal error: ZeroDivisionError: x. It is not your cluster: please report this")
