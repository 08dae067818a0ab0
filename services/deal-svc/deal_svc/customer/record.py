"""What a customer did by a link, kept as evidence."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Annotated
from uuid import UUID

from shared.stored import Stored


class Did(StrEnum):
    VIEWED = "viewed"
    ACCEPTED = "accepted"
    DECLINED = "declined"


@dataclass(frozen=True, slots=True)
class Evidence:
    """Who did what, when, from where, and what they had before them."""

    id: UUID
    quote_id: Annotated[UUID, Stored(refers="quote.id")]
    link_id: UUID
    did: Did
    at: datetime
    name: Annotated[str | None, Stored(comment="personal: as the customer wrote it; of a view nobody's")]
    reason: Annotated[str | None, Stored(comment="personal: why they said no")]
    address: Annotated[str, Stored(comment="personal: as the farthest of our own proxies saw it")]
    agent: Annotated[str, Stored(comment="what their browser says it is")]
    document_hash: Annotated[str, Stored(comment="SHA-256 of the document that the link leads to")]
