"""Where messages may be sent, without a look-up."""

from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.outbound.addresses import Allowed, is_public, origin, url_refused

NOBODY = Allowed("ALLOW")


@pytest.mark.parametrize(
    "address",
    [
        *("127.0.0.1", "127.8.8.8", "0.0.0.0", "10.0.0.1", "172.16.0.1", "172.31.255.255", "192.168.1.1"),
        *("100.64.0.1", "100.127.255.255", "169.254.1.1", "198.18.0.1", "192.0.2.1", "198.51.100.1", "203.0.113.1"),
        *("224.0.0.1", "239.255.255.255", "240.0.0.1", "255.255.255.255", "192.88.99.1"),
        *("169.254.169.254", "100.100.100.200", "192.0.0.192", "168.63.129.16", "fd00:ec2::254"),  # the clouds' metadata
        *("::1", "::", "fe80::1", "fec0::1", "fc00::1", "fdff::1", "ff02::1", "2001:db8::1", "3fff::1", "100::1", "5f00::1"),
        *("::ffff:127.0.0.1", "::ffff:10.0.0.1", "::ffff:169.254.169.254", "::127.0.0.1", "::10.0.0.1"),
        *("64:ff9b::7f00:1", "64:ff9b::a9fe:a9fe", "64:ff9b:1::7f00:1", "64:ff9b:1::808:808"),  # NAT64
        *("2002:7f00:1::", "2002:a9fe:a9fe::1", "2002:808:808::1", "2001:0:4136:e378:8000:63bf:3fff:fdd2"),  # 6to4, Teredo
    ],
)
def test_addresses_that_are_nobody_s_on_the_internet_are_refused(address: str) -> None:
    assert not is_public(ip_address(address))
    assert NOBODY.refuses("receiver.example", [address])


@pytest.mark.parametrize(
    "address",
    [
        *("8.8.8.8", "1.1.1.1", "172.15.255.255", "172.32.0.0", "100.63.255.255", "100.128.0.0", "223.255.255.255", "168.63.129.17"),
        *("2606:4700::1111", "2a00:1450::1", "2400:cb00::1", "::ffff:8.8.8.8", "64:ff9b::808:808"),
    ],
)
def test_addresses_of_the_internet_are_taken(address: str) -> None:
    assert is_public(ip_address(address))
    assert not NOBODY.refuses("receiver.example", [address])


@given(st.ip_addresses(v=4).map(IPv4Address))
def test_nothing_is_public_that_python_knows_better(address: IPv4Address) -> None:
    if not address.is_global or address.is_multicast or address.is_reserved or address.is_unspecified:
        assert not is_public(address)


@given(st.ip_addresses(v=6).map(IPv6Address))
def test_nothing_of_version_6_is_public_that_python_knows_better(address: IPv6Address) -> None:
    holds_another = address.ipv4_mapped is not None or address in IPv6Network("64:ff9b::/96")
    if not holds_another and (not address.is_global or address.is_multicast or address.is_reserved or address.is_site_local):
        assert not is_public(address)


@given(st.ip_addresses(v=4).map(IPv4Address), st.sampled_from(["::ffff:0:0", "64:ff9b::"]))
def test_an_address_inside_another_counts_as_itself(inner: IPv4Address, prefix: str) -> None:
    assert is_public(IPv6Address(int(IPv6Address(prefix)) + int(inner))) == is_public(inner)


def test_one_bad_address_among_good_ones_is_enough() -> None:
    assert NOBODY.refuses("receiver.example", ["8.8.8.8", "10.0.0.1"])


def test_what_operations_list_is_taken() -> None:
    allowed = Allowed.of("ALLOW", ["10.1.0.0/16", "fd12::/32", "127.0.0.1", "erp.internal"])
    assert not allowed.refuses("x.example", ["10.1.2.3", "8.8.8.8"])
    assert not allowed.refuses("x.example", ["fd12::5"])
    assert not allowed.refuses("x.example", ["127.0.0.1"])
    assert not allowed.refuses("ERP.internal.", ["10.9.9.9"])
    for address in ("10.2.0.1", "127.0.0.2", "fd13::1", "fe80::1%eth0"):
        assert allowed.refuses("x.example", [address])
    assert allowed.refuses("not-erp.internal", ["10.9.9.9"])


@pytest.mark.parametrize(
    ("url", "code"),
    [
        ("https://erp.example/hooks?key=1", None),
        ("https://erp.example:8443/", None),
        ("http://erp.example/", "not_https"),
        ("ftp://erp.example/", "not_https"),
        ("https://ann:pw@erp.example/", "credentials"),
        ("https://ann@erp.example/", "credentials"),
        ("https://:@erp.example/", "credentials"),
        ("https://erp.example/#here", "fragment"),
        ("https://erp.example:25/", "bad_port"),
        ("https://erp.example:22/", "bad_port"),
    ],
)
def test_urls_in_production(url: str, code: str | None) -> None:
    found = url_refused(url, pointer="/url", production=True)
    assert (found and found.extra["errors"][0]["code"]) == code


def test_http_is_for_development() -> None:
    assert url_refused("http://127.0.0.1:9000/", pointer="/url", production=False) is None
    assert url_refused("ftp://127.0.0.1:9000/", pointer="/url", production=False) is not None


def test_of_a_url_only_the_origin_is_told() -> None:
    assert origin("https://hooks.example:8443/T0K3N/path?key=secret") == "https://hooks.example:8443"
