"""An entry of the index: what of a record is searched, and what other services tell of those that are theirs."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Annotated
from uuid import UUID

from shared.stored import Stored


class Found(StrEnum):
    """The kinds of records that are found by a text."""

    LEAD = "lead"
    ACCOUNT = "account"
    CONTACT = "contact"
    DEAL = "deal"
    QUOTE = "quote"
    CONTRACT = "contract"


@dataclass(frozen=True, slots=True)
class Entry:
    """A record in the index. Of our own ones the row says who owns them and what they are called now, so it is not kept twice."""

    id: UUID
    kind: Annotated[str, Stored(comment="lead, account, contact; deal, quote, contract as events tell of them")]
    created_at: datetime
    public: Annotated[str, Stored(comment="a line for each searched value, in the form in which texts are compared")]
    personal: Annotated[str, Stored(comment="the same of personal data: nobody finds by it who sees it masked")]
    deal_id: Annotated[UUID | None, Stored(comment="of quotes and contracts, as told")] = None
    account_id: UUID | None = None
    owner_id: UUID | None = None
    name: str | None = None
    number: str | None = None
    external_id: str | None = None
    state: str | None = None
    heard: Annotated[int | None, Stored(big=True, comment="the version of the last event, of records of other services")] = None


@dataclass(frozen=True, slots=True)
class Filling:
    """How far the records of a kind are in the index that were there before it."""

    kind: str
    round: Annotated[int, Stored(comment="2 is the last: it finds what a process of the release before has written")]
    after: Annotated[UUID | None, Stored(comment="the last record that was entered")]
    due_at: datetime
