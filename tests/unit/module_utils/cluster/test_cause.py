# SPDX-License-Identifier: Apache-2.0
"""No answer, for a reason: real servers and proxies that give none, asked by the urllib3 that is installed."""

from __future__ import annotations

import contextlib
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import urllib3
from ansible_collections.openclarity.wasm_filters.plugins.module_utils.cluster import cause
from urllib3.exceptions import HTTPError, MaxRetryError, SSLError

from testbed import certificates

LOCAL = "127.0.0.1"
Answer = Callable[[socket.socket], object]


@contextlib.contextmanager
def listening(answer: Answer) -> Iterator[int]:
    """A port at which each caller gets that."""
    with socket.create_server((LOCAL, 0)) as server:

        def serve() -> None:
            with contextlib.suppress(OSError):
                while True:
                    with server.accept()[0] as caller, contextlib.suppress(OSError):
                        answer(caller)

        threading.Thread(target=serve, daemon=True).start()
        yield server.getsockname()[1]
        # What closes it does not wake up who waits for it.
        with contextlib.suppress(OSError):
            socket.create_connection((LOCAL, server.getsockname()[1])).close()


def free_port() -> int:
    with socket.create_server((LOCAL, 0)) as server:
        port: int = server.getsockname()[1]
        return port


def told(url: str, client: urllib3.PoolManager | None = None, retried: bool = True) -> str:
    """:param retried: raised by urllib3's own loop, or as it is met."""
    with pytest.raises(HTTPError) as caught:
        retries = urllib3.Retry(0) if retried else False
        (client or urllib3.PoolManager()).request("GET", url, retries=retries, timeout=2)
    return cause.told(caught.value)


@pytest.mark.parametrize("retried", [True, False])
def test_nobody_listens(retried: bool) -> None:
    port = free_port()
    said = told(f"https://{LOCAL}:{port}/version", retried=retried)
    assert said.endswith("Connection refused")
    assert "object at" not in said and "Errno" not in said
    if retried:
        assert said == f"no answer of {LOCAL}:{port}: Connection refused"


@pytest.mark.parametrize("retried", [True, False])
def test_a_name_that_nobody_knows(retried: bool) -> None:
    assert "its name can't be resolved: " in told("https://api.invalid/version", retried=retried)


def test_no_tls_is_spoken_there() -> None:
    def plain(caller: socket.socket) -> None:
        caller.recv(10)
        caller.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")

    with listening(plain) as port:
        said = told(f"https://{LOCAL}:{port}/")
    assert "TLS fails: " in said
    assert "_ssl.c" not in said and "[SSL" not in said


@pytest.mark.parametrize("retried", [True, False])
def test_a_certificate_of_another_authority(tmp_path: Path, retried: bool) -> None:
    made = certificates.create(tmp_path, [LOCAL])
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(made.server, made.server_key)
    with listening(lambda caller: context.wrap_socket(caller, server_side=True).close()) as port:
        said = told(f"https://{LOCAL}:{port}/", retried=retried)
    assert "its certificate is not trusted: unable to get local issuer certificate" in said
    assert "certificate-authority-data in the kubeconfig" in said and "_ssl.c" not in said


def test_what_python_3_13_wants_of_a_certificate_is_said() -> None:
    error = ssl.SSLCertVerificationError(1, "[SSL: CERTIFICATE_VERIFY_FAILED] certificate verify failed: x (_ssl.c:9)")
    error.verify_message = "Missing Authority Key Identifier"
    said = cause.told(MaxRetryError(urllib3.HTTPSConnectionPool("api", 6443), "/", SSLError(error)))
    assert said.startswith("no answer of api:6443: its certificate is not trusted: Missing Authority Key Identifier (")
    assert "Python 3.13" in said


@pytest.mark.parametrize("retried", [True, False])
def test_a_proxy_that_refuses(retried: bool) -> None:
    def forbid(caller: socket.socket) -> None:
        caller.recv(1000)
        caller.sendall(b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n")

    with listening(forbid) as port:
        said = told("https://api.invalid/", urllib3.ProxyManager(f"http://{LOCAL}:{port}"), retried)
    assert said.endswith("the proxy gives no connection: Tunnel connection failed: 403 Forbidden")


def test_a_proxy_that_is_not_there() -> None:
    said = told("https://api.invalid/", urllib3.ProxyManager(f"http://{LOCAL}:{free_port()}"))
    assert said == "no answer of api.invalid:443: the proxy gives no connection: Connection refused"


def test_a_connection_that_is_closed_instead_of_an_answer() -> None:
    with listening(lambda caller: caller.recv(10)) as port:
        said = told(f"http://{LOCAL}:{port}/")
    assert "reset by peer" in said or "closed connection without response" in said


def test_errors_that_are_no_chain_are_told_as_they_are() -> None:
    assert cause.told(ValueError("Expecting value: line 1")) == "Expecting value: line 1"
    assert cause.told(ConnectionResetError(104, "Connection reset by peer")) == "Connection reset by peer"
    assert cause.told(TimeoutError()) == "TimeoutError"


def test_a_chain_that_leads_back_ends() -> None:
    first, second = HTTPError("first"), HTTPError("second")
    first.__context__, second.__context__ = second, first
    assert cause.told(first) == "second"
