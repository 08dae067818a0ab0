"""Where messages may be sent: public addresses, and the private ones that operations have listed. Pure, no look-ups.

Who names an address makes us send requests from inside the network, so every address that is not plainly on the public
internet is refused (server-side request forgery; OWASP API7:2023). The list is ours, not `ipaddress.is_global`, which differs
between Python versions and counts multicast and the shared range's neighbours as global.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Annotated
from urllib.parse import urlsplit

from pydantic import AfterValidator

from shared.errors import Invalid

Address = IPv4Address | IPv6Address

_REFUSED_4 = [
    IPv4Network(n)
    for n in (
        *("0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12", "192.168.0.0/16"),
        *("192.0.0.0/24", "192.0.2.0/24", "192.88.99.0/24", "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24"),
        *("224.0.0.0/4", "240.0.0.0/4"),
        "168.63.129.16/32",  # Azure's host agent: public by its number, inside by its nature
    )
]
_PUBLIC_6 = IPv6Network("2000::/3")  # all that IANA has given out for global unicast
_REFUSED_6 = [IPv6Network(n) for n in ("2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20")]  # Teredo and 6to4 among them
_NAT64 = IPv6Network("64:ff9b::/96")  # RFC 6052: the IPv4 address is in the last 32 bits


def is_public(address: Address) -> bool:
    """Whether it is a unicast address of the public internet. An IPv4 address inside an IPv6 one counts as itself."""
    if isinstance(address, IPv6Address):
        inner = address.ipv4_mapped or (IPv4Address(int(address) & 0xFFFFFFFF) if address in _NAT64 else None)
        if inner is None:
            return address in _PUBLIC_6 and not any(address in network for network in _REFUSED_6)
        address = inner
    return not any(address in network for network in _REFUSED_4)


def _networks_and_hosts(values: tuple[str, ...]) -> tuple[str, ...]:
    for value in values:
        try:
            ip_network(value)
        except ValueError:
            if not re.fullmatch(r"(?=.*[a-z])[a-z0-9_.-]+", value):
                raise ValueError(f"neither a network nor a host name in small letters: {value}") from None
    return values


Listed = Annotated[tuple[str, ...], AfterValidator(_networks_and_hosts)]
"""The setting that lists private receivers: networks, and host names."""


@dataclass(frozen=True, slots=True)
class Allowed:
    """The private receivers that a setting lists."""

    setting: str
    networks: tuple[IPv4Network | IPv6Network, ...] = ()
    hosts: frozenset[str] = frozenset()

    @classmethod
    def of(cls, setting: str, entries: Sequence[str]) -> "Allowed":
        """Networks, and host names, which may then lead to any address. `setting` is the variable that has them."""
        networks, hosts = [], set()
        for entry in entries:
            try:
                networks.append(ip_network(entry))
            except ValueError:
                hosts.add(entry.lower())
        return cls(setting, tuple(networks), frozenset(hosts))

    @property
    def refusal(self) -> str:
        return f"the address is not a public one, and {self.setting} does not list it"

    def refuses(self, host: str, addresses: Sequence[str]) -> bool:
        """Whether `host`, which leads to these addresses, is out of bounds. One bad address among good ones is enough."""
        return host.lower().rstrip(".") not in self.hosts and not all(self._takes(ip_address(a.partition("%")[0])) for a in addresses)

    def _takes(self, address: Address) -> bool:
        return is_public(address) or any(address in network for network in self.networks)


def url_refused(url: str, *, pointer: str, production: bool) -> Invalid | None:
    """What is wrong with a target's URL besides where it leads. It is in its normal form (WHATWG)."""
    parts = urlsplit(url)
    port = parts.port or (443 if parts.scheme == "https" else 80)
    if parts.scheme != "https" and (production or parts.scheme != "http"):
        return Invalid("The address must begin with https://.", pointer=pointer, code="not_https")
    if parts.username is not None or parts.password is not None:
        says = "The address must not hold a user name or a password: receivers check the signature."
        return Invalid(says, pointer=pointer, code="credentials")
    if parts.fragment:
        return Invalid("The address must not have a part behind #, which is never sent.", pointer=pointer, code="fragment")
    if port not in (80, 443) and port < 1024:
        return Invalid("The port must be 80, 443, or from 1024 on.", pointer=pointer, code="bad_port")
    return None


def origin(url: str) -> str:
    """Scheme, host and port: what may be told of an address. Path and query may hold tokens."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"
