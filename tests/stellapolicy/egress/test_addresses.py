"""Only public unicast addresses are anybody's to call."""

# ruff: noqa: S104 - these addresses are judged, nobody listens on them

import pytest

from stellapolicy.egress.addresses import is_open_inside, is_public

SPECIAL = [
    *("0.0.0.0", "10.1.2.3", "100.64.0.1", "127.0.0.1", "127.255.0.1", "169.254.169.254", "172.16.0.1", "172.31.9.9"),
    *("192.0.0.192", "192.0.2.1", "192.88.99.1", "192.168.1.1", "198.18.0.1", "198.51.100.7", "203.0.113.9"),
    *("224.0.0.1", "239.1.1.1", "240.0.0.1", "255.255.255.255", "100.100.100.200", "168.63.129.16"),
    *("::", "::1", "::7f00:1", "::ffff:127.0.0.1", "::ffff:8.8.8.8", "64:ff9b::7f00:1", "64:ff9b::808:808"),
    *("64:ff9b:1::a00:1", "2002:7f00:1::", "2002:808:808::1", "2001:0:4136:e378::1", "2001:db8::1", "100::1"),
    *("fc00::1", "fd00:ec2::254", "fe80::1", "fe80::1%eth0", "fec0::1", "ff02::1", "4000::1"),
]


@pytest.mark.parametrize("address", SPECIAL)
def test_a_special_address_is_not_public(address: str) -> None:
    assert not is_public(address)


@pytest.mark.parametrize("address", ["8.8.8.8", "1.1.1.1", "172.32.0.1", "100.128.0.1", "2606:4700::1111", "2a00::1"])
def test_an_ordinary_address_is_public(address: str) -> None:
    assert is_public(address)


@pytest.mark.parametrize("address", ["10.1.2.3", "127.0.0.1", "::1", "fd12::1", "192.168.1.1", "8.8.8.8"])
def test_an_operator_may_open_an_address_inside(address: str) -> None:
    assert is_open_inside(address)


@pytest.mark.parametrize(
    "address",
    [
        *("169.254.169.254", "100.100.100.200", "168.63.129.16", "192.0.0.192", "fd00:ec2::254", "fe80::1"),
        *("224.0.0.1", "ff02::1", "0.0.0.0", "::", "::ffff:10.0.0.1", "2002:a00:1::", "64:ff9b::a00:1"),
    ],
)
def test_no_setting_opens_metadata_multicast_or_an_address_inside_an_address(address: str) -> None:
    assert not is_open_inside(address)
