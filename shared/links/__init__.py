"""Links: addresses for customers, who have no token. A secret in the address is all that it takes to read one thing."""

from shared.links.record import Link, hash_of, new_secret
from shared.links.route import SECURE, LinkRoute, secured
from shared.links.store import LIST, OF_RECORD, add, revoke

__all__ = ["LIST", "OF_RECORD", "SECURE", "Link", "LinkRoute", "add", "hash_of", "new_secret", "revoke", "secured"]
