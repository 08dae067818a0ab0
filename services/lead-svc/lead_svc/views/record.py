"""A saved view, as its row holds it."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Annotated, Any
from uuid import UUID

from shared.acts import Subject
from shared.errors import Unmet
from shared.stored import Stored


class ViewKind(StrEnum):
    """The list that a view shows: that of `/v1/<kind>`."""

    LEADS = "leads"
    ACCOUNTS = "accounts"
    CONTACTS = "contacts"
    DEALS = "deals"
    QUOTES = "quotes"
    CONTRACTS = "contracts"
    PAYMENTS = "payments"


@dataclass(frozen=True, slots=True)
class View:
    """`filters` are query parameters of the list, as an address has them. It holds no records: whoever uses it sees their own."""

    id: UUID
    version: int
    owner_id: UUID
    kind: ViewKind
    name: str
    filters: dict[str, Any]
    sort: str | None
    columns: list[str]
    team_id: Annotated[UUID | None, Stored(refers="team.id", comment="shared with this team; empty: with nobody")]
    personal: Annotated[bool, Stored(comment="looks at what some roles see masked")]
    created_at: datetime
    updated_at: datetime


VIEW = Subject[View, None](
    name="view",
    label="view",
    owner=lambda view, _: view.owner_id,
    not_owner=Unmet("not_owner", "Only whoever saved the view may do this; save one of your own."),
)
