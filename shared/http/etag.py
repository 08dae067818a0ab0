"""ETags: the version of a record, and whose view of it.

What a caller sends back is compared here (RFC 9110 §8.8, §13.1).

Two people, and two tokens of one client with other scopes, are shown the same version differently: other actions, other parts
masked. So the view is part of the tag: a browser that two people use one after the other must not show the second what the first
was sent. To change a record its version is enough.
"""

import hashlib
import re
from functools import lru_cache

from shared.auth import Actor
from shared.errors import PreconditionRequired, Problem

_TAG = re.compile(r'(?:W/)?("[^"]*")')
_EXPECTED = re.compile(r'(?:W/)?"([0-9]{1,18})(?:\.[0-9a-f]{8})?"|([0-9]{1,18})', re.ASCII)
SCHEMA = {"type": "string", "pattern": r'^(\*|(W/)?"[0-9]{1,18}(\.[0-9a-f]{8})?"|[0-9]{1,18})$'}


class BadEtag(Problem):
    status = 400
    code = "bad_if_match"
    title = "If-Match could not be read"


@lru_cache(maxsize=4096)
def _view(actor: Actor) -> str:
    who = " ".join([str(actor.id), *sorted(actor.roles), *sorted(actor.scopes)])
    return hashlib.blake2s(who.encode(), digest_size=4).hexdigest()


def etag(version: int, actor: Actor | None) -> str:
    return f'"{version}"' if actor is None else f'"{version}.{_view(actor)}"'


def weak(tag: str) -> str:
    """The same for a body that is written otherwise, as compression does."""
    return tag if tag.startswith("W/") else f"W/{tag}"


def is_among(tag: str, if_none_match: str | None) -> bool:
    """Whether the caller has this already: any tag of the list, compared weakly, or `*`."""
    if if_none_match is None:
        return False
    return if_none_match.strip() == "*" or tag in _TAG.findall(if_none_match)


def expected(if_match: str | None) -> int | None:
    """The version that a change counts on; None for `*`. 428 without one, 400 when it is no ETag of ours.

    W/"3" is taken as "3" on purpose: proxies weaken tags when they compress, and the version is what counts.
    """
    if if_match is None:
        raise PreconditionRequired('Send If-Match with the ETag you read, or with its version alone: If-Match: "3".')
    if if_match.strip() == "*":
        return None
    found = _EXPECTED.fullmatch(if_match.strip())
    if found is None:
        raise BadEtag('If-Match takes one ETag as we gave it, the version alone ("3"), or *.')
    return int(found[1] or found[2])
