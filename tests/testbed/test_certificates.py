# SPDX-License-Identifier: Apache-2.0
"""What the mesh's certificates have to pass: the checks that Python makes from 3.13 on."""

from __future__ import annotations

import ssl
from pathlib import Path

import pytest

from testbed import certificates
from testbed.certificates import Certificates

ADDRESS = "127.0.0.1"


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    return certificates.create(tmp_path_factory.mktemp("certificates"), [ADDRESS, "kubernetes.default"])


@pytest.mark.parametrize("name", [ADDRESS, "kubernetes.default"])
def test_a_strict_client_trusts_the_api_server(made: Certificates, name: str) -> None:
    trusting = ssl.create_default_context(cafile=str(made.ca))
    trusting.verify_flags |= ssl.VERIFY_X509_STRICT
    _handshake(trusting, _serving(made.server, made.server_key), name)


def test_another_name_is_refused(made: Certificates) -> None:
    with pytest.raises(ssl.SSLCertVerificationError):
        _handshake(ssl.create_default_context(cafile=str(made.ca)), _serving(made.server, made.server_key), "other")


def test_a_strict_kubelet_trusts_the_api_servers_client_certificate(made: Certificates) -> None:
    asking = _serving(made.server, made.server_key)
    asking.verify_mode = ssl.CERT_REQUIRED
    asking.verify_flags |= ssl.VERIFY_X509_STRICT
    asking.load_verify_locations(str(made.ca))
    client = ssl.create_default_context(cafile=str(made.ca))
    client.load_cert_chain(made.client, made.client_key)
    _handshake(client, asking, ADDRESS)


def _serving(certificate: Path, key: Path) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    return context


def _handshake(client: ssl.SSLContext, server: ssl.SSLContext, name: str) -> None:
    """Between the two, in memory, until both are done with it."""
    upward, downward = ssl.MemoryBIO(), ssl.MemoryBIO()
    ends = [
        client.wrap_bio(downward, upward, server_hostname=name),
        server.wrap_bio(upward, downward, server_side=True),
    ]
    while ends:
        for end in list(ends):
            try:
                end.do_handshake()
                ends.remove(end)
            except ssl.SSLWantReadError:
                continue
