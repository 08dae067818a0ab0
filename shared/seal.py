"""Secrets at rest: texts that we must be able to read again, encrypted with CLINCH_SECRET_KEY (Fernet: AES-128-CBC and HMAC-SHA256)."""

import base64
import hashlib
from functools import lru_cache

from cryptography.fernet import Fernet, InvalidToken, MultiFernet

from shared.process.settings import Settings


class Unreadable(Exception):
    """It was sealed with a key that CLINCH_SECRET_KEY no longer names, or has been changed since."""


class Seal:
    """`keys` are texts separated by commas: the first one seals, any of them opens.

    So a key is replaced by putting a new one first.
    """

    def __init__(self, keys: str) -> None:
        given = [_fernet(key.strip()) for key in keys.split(",")]
        self._first, self._all = given[0], MultiFernet(given)

    @classmethod
    def of(cls, settings: Settings) -> "Seal":
        return _of(settings.secret_key.get_secret_value())

    def close(self, plain: bytes) -> bytes:
        return self._first.encrypt(plain)

    def open(self, sealed: bytes) -> bytes:
        """`Unreadable` when none of the keys fits."""
        try:
            return self._all.decrypt(sealed)
        except InvalidToken:
            raise Unreadable("it was sealed with a key that CLINCH_SECRET_KEY does not name") from None

    def is_current(self, sealed: bytes) -> bool:
        """Whether the first key alone opens it, so that the others may go."""
        try:
            self._first.decrypt(sealed)
        except InvalidToken:
            return False
        return True


@lru_cache(maxsize=4)
def _of(keys: str) -> Seal:
    return Seal(keys)


def _fernet(key: str) -> Fernet:
    """Keys are long random texts, as the cursor key is; Fernet wants 32 bytes."""
    return Fernet(base64.urlsafe_b64encode(hashlib.sha256(b"clinch secret" + key.encode()).digest()))
