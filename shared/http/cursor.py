"""List cursors: where a page ended, signed so that nobody can make one up."""

import base64
import hashlib
import hmac
from collections.abc import Sequence

import orjson

from shared.errors import Invalid

_VERSION = b"\x01"
_MAC = 32
_ABOUT = 16


def about(*parts: object) -> bytes:
    """What a cursor belongs to: the list, its sort and its filters as one digest."""
    return hashlib.sha256(orjson.dumps(parts)).digest()[:_ABOUT]


def sign(key: bytes, belongs_to: bytes, position: Sequence[str | None]) -> str:
    """The opaque text for the last row's sort value and id, url-safe."""
    body = _VERSION + belongs_to + orjson.dumps(position)
    return base64.urlsafe_b64encode(_mac(key, body) + body).rstrip(b"=").decode()


def read(key: bytes, belongs_to: bytes, cursor: str) -> list[str | None]:
    """The position that `sign` was given.

    `Invalid` when the cursor is not ours, or is of another list, sort or filter.
    """
    try:
        signed = base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True)
    except ValueError:
        signed = b""
    mac, body = signed[:_MAC], signed[_MAC:]
    if not hmac.compare_digest(mac, _mac(key, body)) or body[:1] != _VERSION:
        raise Invalid("The cursor is not one of ours; start again without it.", pointer="cursor", code="bad_cursor")
    if body[1 : 1 + _ABOUT] != belongs_to:
        raise Invalid(
            "The cursor belongs to another list, sort or filter; send it with the same ones, or start again without it.",
            pointer="cursor",
            code="cursor_of_another_list",
        )
    position: list[str | None] = orjson.loads(body[1 + _ABOUT :])
    return position


def _mac(key: bytes, body: bytes) -> bytes:
    return hmac.digest(key, b"clinch cursor" + body, "sha256")
