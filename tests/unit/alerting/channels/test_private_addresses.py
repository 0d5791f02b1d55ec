from __future__ import annotations

import pytest

from maxbooster_ops.alerting.channels.private_addresses import is_public


@pytest.mark.parametrize(
    "address",
    [
        pytest.param("127.0.0.1", id="loopback"),
        pytest.param("127.255.255.254", id="the far end of loopback"),
        pytest.param("0.0.0.0", id="unspecified"),
        pytest.param("10.0.0.1", id="private, class A"),
        pytest.param("172.16.0.1", id="private, class B"),
        pytest.param("172.31.255.255", id="the last private one of class B"),
        pytest.param("192.168.1.1", id="private, class C"),
        pytest.param("169.254.169.254", id="metadata of AWS, Google and Azure"),
        pytest.param("100.100.100.200", id="metadata of Alibaba, in shared space"),
        pytest.param("168.63.129.16", id="Azure's host service"),
        pytest.param("192.0.0.192", id="Oracle's metadata"),
        pytest.param("224.0.0.1", id="multicast"),
        pytest.param("239.1.2.3", id="multicast of an organization"),
        pytest.param("255.255.255.255", id="broadcast"),
        pytest.param("240.0.0.1", id="reserved"),
        pytest.param("198.18.0.1", id="benchmarks"),
        pytest.param("::1", id="loopback, v6"),
        pytest.param("::", id="unspecified, v6"),
        pytest.param("fe80::1", id="link-local, v6"),
        pytest.param("fe80::1%eth0", id="link-local with a zone"),
        pytest.param("fd00:ec2::254", id="metadata of AWS, v6"),
        pytest.param("ff02::1", id="multicast, v6"),
        pytest.param("ff0e::1", id="global multicast, v6"),
        pytest.param("::ffff:127.0.0.1", id="loopback, mapped"),
        pytest.param("::ffff:169.254.169.254", id="metadata, mapped"),
        pytest.param("2002:7f00:1::", id="loopback in 6to4"),
        pytest.param("64:ff9b::a9fe:a9fe", id="metadata through NAT64"),
        pytest.param("64:ff9b::7f00:1", id="loopback through NAT64"),
        pytest.param("2001:0:4136:e378:8000:63bf:3fff:fdd2", id="Teredo to a private client"),
    ],
)
def test_addresses_beside_the_internet_are_not_public(address):
    assert not is_public(address)


@pytest.mark.parametrize(
    "address",
    [
        pytest.param("8.8.8.8", id="v4"),
        pytest.param("172.15.255.255", id="just before class B's private range"),
        pytest.param("172.32.0.0", id="just after it"),
        pytest.param("169.253.255.255", id="just before link-local"),
        pytest.param("223.255.255.255", id="just before multicast"),
        pytest.param("2606:4700::1111", id="v6"),
        pytest.param("::ffff:8.8.8.8", id="v4, mapped"),
        pytest.param("64:ff9b::808:808", id="v4 through NAT64"),
    ],
)
def test_addresses_of_the_internet_are_public(address):
    assert is_public(address)
