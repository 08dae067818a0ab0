"""Where a channel's words go: kept sealed, as whoever has it can write there, or read who gets mail."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from urllib.parse import urlsplit

import orjson

from metrics_svc.notifications.record import ChannelKind


@dataclass(frozen=True, slots=True)
class Address:
    """A robot's `url` and the `secret` that signs for it, if it has one; or the mail addresses `to`."""

    url: str = ""
    secret: str | None = None
    to: Sequence[str] = ()

    @classmethod
    def read(cls, kept: str) -> "Address":
        return cls(**orjson.loads(kept))

    @property
    def kept(self) -> str:
        return orjson.dumps(asdict(self)).decode()

    def leads_to(self, kind: ChannelKind) -> str:
        """What may be shown of it."""
        if kind is ChannelKind.MAIL:
            return f"{len(self.to)} {'address' if len(self.to) == 1 else 'addresses'}"
        return urlsplit(self.url).netloc
