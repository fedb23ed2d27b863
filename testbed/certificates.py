# SPDX-License-Identifier: Apache-2.0
"""A certificate authority as small as the mesh needs: one for the API server's and the kubelet's certificates."""

from __future__ import annotations

import datetime
import ipaddress
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import NameOID

LIFETIME = datetime.timedelta(days=365)
CLOCK_SKEW = datetime.timedelta(hours=1)


@dataclass(frozen=True)
class Certificates:
    ca: Path
    server: Path
    server_key: Path
    client: Path
    client_key: Path
    service_account_key: Path
    service_account_public: Path


def create(folder: Path, names: Sequence[str]) -> Certificates:
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    ca_key = ec.generate_private_key(ec.SECP256R1())
    ca_name = _name("testbed-ca")
    authority = x509.AuthorityKeyIdentifier.from_issuer_public_key(ca_key.public_key())
    ca = _builder(ca_name, ca_name, ca_key.public_key()).add_extension(
        x509.BasicConstraints(ca=True, path_length=None), critical=True
    )
    ca = ca.add_extension(_signs_certificates(), critical=True).add_extension(authority, critical=False)
    ca = ca.add_extension(x509.SubjectKeyIdentifier.from_public_key(ca_key.public_key()), critical=False)
    _write(folder / "ca.crt", ca.sign(ca_key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM))
    for role, common_name, alternatives in (("server", "kube-apiserver", names), ("client", "kube-apiserver", ())):
        key = ec.generate_private_key(ec.SECP256R1())
        builder = _builder(_name(common_name, "system:masters"), ca_name, key.public_key())
        builder = builder.add_extension(authority, critical=False)
        if alternatives:
            builder = builder.add_extension(
                x509.SubjectAlternativeName([_alternative(name) for name in alternatives]), critical=False
            )
        certificate = builder.sign(ca_key, hashes.SHA256())
        _write(folder / f"{role}.crt", certificate.public_bytes(serialization.Encoding.PEM))
        _write(folder / f"{role}.key", _private(key))
    # RSA, as tokens signed by it are what most client libraries of service accounts expect.
    account = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    _write(folder / "service-account.key", _private(account))
    public = account.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    _write(folder / "service-account.pub", public)
    return paths(folder)


def paths(folder: Path) -> Certificates:
    return Certificates(
        ca=folder / "ca.crt",
        server=folder / "server.crt",
        server_key=folder / "server.key",
        client=folder / "client.crt",
        client_key=folder / "client.key",
        service_account_key=folder / "service-account.key",
        service_account_public=folder / "service-account.pub",
    )


def _name(common_name: str, organization: str | None = None) -> x509.Name:
    attributes = [x509.NameAttribute(NameOID.COMMON_NAME, common_name)]
    if organization:
        attributes.append(x509.NameAttribute(NameOID.ORGANIZATION_NAME, organization))
    return x509.Name(attributes)


def _builder(subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePublicKey) -> x509.CertificateBuilder:
    now = datetime.datetime.now(datetime.timezone.utc)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - CLOCK_SKEW)
        .not_valid_after(now + LIFETIME)
    )


def _signs_certificates() -> x509.KeyUsage:
    """Which a CA has to say (RFC 5280, 4.2.1.3); Python 3.13 trusts none that does not."""
    others = ("content_commitment", "key_encipherment", "data_encipherment", "key_agreement", "crl_sign")
    more = ("encipher_only", "decipher_only")
    return x509.KeyUsage(digital_signature=True, key_cert_sign=True, **dict.fromkeys((*others, *more), False))


def _alternative(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        return x509.DNSName(name)


def _private(key: ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


def _write(path: Path, content: bytes) -> None:
    path.touch(mode=0o600)
    path.write_bytes(content)
