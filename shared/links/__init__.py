"""Links: addresses for customers, who have no token. A secret in the address is all that it takes to read one thing."""

from shared.links.record import Link, hash_of, new_secret
from shared.links.route import SECURE, LinkRoute
from shared.links.store import add, of_record, revoke

__all__ = ["SECURE", "Link", "LinkRoute", "add", "hash_of", "new_secret", "of_record", "revoke"]
