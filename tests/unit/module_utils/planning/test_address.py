# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import contextlib

import pytest
from ansible_collections.openclarity.wasm_filters.plugins.module_utils.domain.errors import InputError
from ansible_collections.openclarity.wasm_filters.plugins.module_utils.planning.address import (
    check_address,
    check_port,
    unreachable,
)
from hypothesis import given
from hypothesis import strategies as st


@pytest.mark.parametrize("value", [1, "9000", 65535])
def test_ports(value: object) -> None:
    assert check_port(value) == int(str(value))


@pytest.mark.parametrize("value", [0, -1, 65536, "", None, "http", "90.5", True, "9000/tcp", "9_000", "٩٠٠٠"])
def test_no_ports(value: object) -> None:
    with pytest.raises(InputError, match=r"wasm_filter_trace_backend_port=.*1 to 65535"):
        check_port(value)


@pytest.mark.parametrize("value", ["http", "otlp-grpc", "HTTP-traces"])
def test_the_name_of_a_port_is_told_to_be_one(value: str) -> None:
    with pytest.raises(InputError, match=r"1 to 65535, not the name of one"):
        check_port(value)


@pytest.mark.parametrize(
    "value",
    [
        *(
            "collector.traces",
            "10.0.0.1",
            "2001:db8::1",
            "[2001:db8::1]",
            "Collector.Example.COM",
            "a",
            " a.b ",
            "a.b.",
        ),
        *(
            "fd00::1",
            "::ffff:10.0.0.1",
            "127.example.com",
            "localhost.example.com",
            "my-localhost.example.com",
            "0x.de",
        ),
        *("169.253.1.1", "128.0.0.1", "100.100.100.201", "fe.example.com", "64:ff9b::808:808"),
    ],
)
def test_addresses(value: str) -> None:
    assert check_address(value) == value.strip()


@pytest.mark.parametrize(
    "value",
    [
        *("http://collector", "collector:9000", "collector/path", "1.2.3", "1.2.3.4.5", "256.1.1.1", "a_b", "a..b"),
        *("x" * 64, "10.0.0.1:9000", "[2001:db8::1]:9000", "a b", "é.example", ".".join(["abcdefgh"] * 32)),
        *("[10.0.0.1]", "10.0.0.1]", "[2001:db8::1", "::1/128", "-a.example"),
    ],
)
def test_no_addresses(value: str) -> None:
    with pytest.raises(InputError, match=r"without scheme, port or path"):
        check_address(value)


@pytest.mark.parametrize(
    "value",
    [
        *("127.1", "0x7f.1", "2130706433", "0x7f000001", "0X7F000001", "0177.0.0.1", "017700000001", "127.0.0.01"),
        *("127.0.0.0x1", "127.0.0.1.", "0", "10.0", "a.0x1f"),
    ],
)
def test_an_address_that_only_some_resolvers_can_read_is_refused(value: str) -> None:
    """https://url.spec.whatwg.org/#ends-in-a-number-checker"""
    with pytest.raises(InputError, match=r"must be a host name or an IP address.* four decimal numbers"):
        check_address(value)


ITSELF, METADATA, NEIGHBOUR, GROUP, NOBODY = (
    "is the pod itself",
    "cloud's metadata service",
    "link-local",
    "multicast",
    "reserved",
)
NOWHERE = {
    ITSELF: [
        *("127.0.0.1", "127.255.255.254", " 127.0.0.1 ", "0.0.0.0", "0.1.2.3", "::", "[::]", "::1", "[::1]"),
        *("0:0:0:0:0:0:0:1", "::ffff:127.0.0.1", "[::ffff:7f00:1]", "::ffff:0.0.0.0", "::127.0.0.1"),
        *("64:ff9b::127.0.0.1", "2002:7f00:1::"),
        *("localhost", "LocalHost", "localhost.", "a.localhost", "A.B.LOCALHOST.", "localhost.localdomain"),
        *("ip6-localhost", "ip6-loopback", "localhost6", "localhost4.localdomain4"),
    ],
    METADATA: [
        *("169.254.169.254", "::ffff:169.254.169.254", "fd00:ec2::254", "100.100.100.200", "168.63.129.16"),
        *("metadata.google.internal", "Metadata.Google.Internal."),
    ],
    NEIGHBOUR: ["169.254.0.1", "169.254.170.2", "fe80::1", "[fe80::1]", "fe80::1%eth0", "fd00::1%eth0"],
    GROUP: ["224.0.0.1", "239.255.255.250", "ff02::1", "::ffff:224.0.0.1"],
    NOBODY: ["240.0.0.1", "255.255.255.255", "::ffff:255.255.255.255"],
}


@pytest.mark.parametrize(("why", "value"), [(why, value) for why, values in NOWHERE.items() for value in values])
def test_what_leads_to_no_backend_from_any_pod_is_refused(why: str, value: str) -> None:
    with pytest.raises(InputError) as refused:
        check_address(value)
    said = str(refused.value)
    assert said.startswith(f"wasm_filter_trace_backend_address={value!r}: ") and why in said
    assert said.endswith(": name a Service as NAME.NAMESPACE, or a host that pods reach")


@given(st.one_of(st.ip_addresses(network="127.0.0.0/8"), st.ip_addresses(network="169.254.0.0/16")))
def test_it_is_the_same_in_each_spelling_of_ipv6(address: object) -> None:
    for text in (str(address), f"::ffff:{address}", f"[::{address}]"):
        assert unreachable(text)


@pytest.mark.parametrize("value", ["", None, "  "])
def test_a_missing_address_says_how_to_give_one(value: object) -> None:
    with pytest.raises(InputError, match=r"WASM_FILTER_TRACE_BACKEND_ADDRESS"):
        check_address(value)


@given(st.text())
def test_whatever_is_given_is_taken_or_refused(value: str) -> None:
    with contextlib.suppress(InputError):
        assert check_address(value) == value.strip()
