# SPDX-License-Identifier: Apache-2.0
"""The trace backend as it is given: a host name or an IP address, and a port. Pure.

The same text is read in every pod of a run, so that what only means something on one host is refused.
"""

from __future__ import annotations

import ipaddress
import re
from typing import Union

from ..domain.errors import InputError
from ..domain.names import is_dns_label

ADDRESS = "wasm_filter_trace_backend_address"
PORT = "wasm_filter_trace_backend_port"
SAMPLING = "wasm_filter_trace_sampling_enabled"
SAMPLING_PORT = "wasm_filter_trace_sampling_port"
IpAddress = Union[ipaddress.IPv4Address, ipaddress.IPv6Address]  # noqa: UP007 - pylint of ansible-test knows no other

_FORM = "must be a host name or an IP address, without scheme, port or path"
RIGHT = "name a Service as NAME.NAMESPACE, or a host that pods reach"
ITSELF = "in a pod that is the pod itself"
METADATA = "in a pod that is the cloud's metadata service, which hands out credentials"
# https://man7.org/linux/man-pages/man8/nss-myhostname.8.html, RFC 6761, and what /etc/hosts has
_LOCAL_NAMES = {
    *("localhost", "localhost4", "localhost6", "localhost.localdomain"),
    *("localhost4.localdomain4", "localhost6.localdomain6", "ip6-localhost", "ip6-loopback"),
}
_METADATA_NAMES = {
    *("metadata", "metadata.google.internal", "metadata.goog", "instance-data", "instance-data.ec2.internal"),
}
_METADATA = {
    # All clouds; in IPv6 those of AWS and Google; Alibaba's; Azure's, which knows more than that.
    ipaddress.ip_address(address)
    for address in ("169.254.169.254", "fd00:ec2::254", "fd20:ce::254", "100.100.100.200", "168.63.129.16")
}
_THIS_NETWORK = ipaddress.ip_network("0.0.0.0/8")
_RESERVED = ipaddress.ip_network("240.0.0.0/4")
# An IPv4 address in the last bits: RFC 4291 (mapped and, but for ::1, compatible), RFC 6052 (NAT64).
_WITH_IPV4 = tuple(ipaddress.ip_network(network) for network in ("::ffff:0:0/96", "::/96", "64:ff9b::/96"))
# What some resolvers read as a number of an address: 1, 0x7f.
_NUMBER = re.compile(r"[0-9]+|0x[0-9a-f]*")
# RFC 6335, section 5.1
_PORT_NAME = re.compile(r"(?=.*[a-z])[a-z0-9]([a-z0-9-]{0,13}[a-z0-9])?", re.IGNORECASE)


def check_port(value: object, variable: str = PORT) -> int:
    """:raises InputError: not a TCP port."""
    text = str(value).strip()
    # int() alone would take 9_000 and the digits of other scripts.
    port = int(text) if text.isascii() and text.isdigit() and len(text) <= 5 else 0
    if not 0 < port < 65536:
        named = isinstance(value, str) and _PORT_NAME.fullmatch(text)
        raise InputError(variable, value, "must be a port from 1 to 65535" + (", not the name of one" if named else ""))
    return port


def check_address(value: object) -> str:
    """:raises InputError: neither an IP address nor a host name, or one that leads to no backend from any pod."""
    address = str(value or "").strip()
    if not address:
        raise InputError(
            ADDRESS,
            value,
            "must name the trace backend: a Service such as collector.traces, a host name or an IP address "
            "(or set the environment variable WASM_FILTER_TRACE_BACKEND_ADDRESS)",
        )
    try:
        check_host(address)
    except ValueError as error:
        raise InputError(ADDRESS, value, str(error)) from None
    return address


def check_host(address: str) -> None:
    """:raises ValueError: why it leads to no backend."""
    literal = ip_of(address)
    if literal is None:
        labels = address.rstrip(".").lower().split(".")
        if _NUMBER.fullmatch(labels[-1]):
            raise ValueError(f"{_FORM}; an IPv4 address has four decimal numbers, such as 10.0.0.7")
        if len(address) > 253 or not all(is_dns_label(label) for label in labels):
            raise ValueError(_FORM)
    why = unreachable(address)
    if why:
        raise ValueError(f"{why}: {RIGHT}")


def ip_of(address: str) -> IpAddress | None:
    """None: it is a name. An IPv6 address may be in brackets, as in a URL."""
    try:
        if address.startswith("[") and address.endswith("]"):
            return ipaddress.IPv6Address(address[1:-1])
        return ipaddress.ip_address(address)
    except ValueError:
        return None


def meant(literal: IpAddress) -> IpAddress:
    """The IPv4 address that an IPv6 address carries, or the address itself."""
    if isinstance(literal, ipaddress.IPv6Address) and int(literal) > 1:
        if literal.sixtofour:
            return literal.sixtofour
        if any(literal in network for network in _WITH_IPV4):
            return ipaddress.IPv4Address(int(literal) & 0xFFFFFFFF)
    return literal


def unreachable(address: str) -> str:
    """Why no pod should send anything there; empty: nothing is known against it."""
    literal = ip_of(address)
    if literal is not None:
        return _unreachable_ip(literal)
    name = address.rstrip(".").lower()
    if name in _LOCAL_NAMES or name.endswith(".localhost"):
        return ITSELF
    return METADATA if name in _METADATA_NAMES else ""


def _unreachable_ip(literal: IpAddress) -> str:
    address = meant(literal)
    if address in _METADATA:
        return METADATA
    if address.is_loopback or address.is_unspecified or address in _THIS_NETWORK:
        return ITSELF
    if address.is_link_local or getattr(literal, "scope_id", None):
        return "that is a link-local address, which is another host, or none, on each node"
    if address.is_multicast:
        return "that is a multicast address, which takes no connections"
    if address in _RESERVED:
        return "that is a reserved address, which no host has"
    return ""
