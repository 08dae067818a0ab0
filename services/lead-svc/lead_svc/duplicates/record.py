"""A pair of leads that may be the same, as its row holds it."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Annotated
from uuid import UUID

from shared.acts import Subject
from shared.errors import Unmet
from shared.stored import Stored


class DuplicateState(StrEnum):
    SUSPECTED = "suspected"
    DISMISSED = "dismissed"
    """Somebody has said that they are not the same; that stays, whatever is found later."""
    CLEARED = "cleared"
    """One of them was changed, and they have too little in common now."""


class Certainty(StrEnum):
    CERTAIN = "certain"
    LIKELY = "likely"


class Match(StrEnum):
    """What two leads have in common."""

    EMAIL = "email"
    PHONE = "phone"
    NAME = "name"
    COMPANY = "company"
    DOMAIN = "domain"


@dataclass(frozen=True, slots=True)
class Duplicate:
    """`lead_id` is the smaller of the two ids, so that each pair has one row."""

    id: UUID
    lead_id: UUID
    other_id: UUID
    state: DuplicateState
    certainty: Certainty
    points: int
    matches: Annotated[dict[str, int], Stored(comment="what they have in common, and what each counts for")]
    reason: Annotated[str | None, Stored(comment="why it is no duplicate, in somebody's own words")]
    decided_by: UUID | None
    decided_at: datetime | None
    created_at: datetime
    updated_at: datetime
    version: int


DUPLICATE = Subject[Duplicate, None](
    name="lead_duplicate",
    label="suspected duplicate",
    states=DuplicateState,
    state=lambda duplicate: duplicate.state,
    owner=lambda *_: None,
    not_owner=Unmet("not_manager", "A manager who sees both leads, or sales operations, decides this."),
    wrong_state=lambda duplicate, needed: Unmet("wrong_state", f"The pair is {duplicate.state}; this needs {' or '.join(needed)}."),
)
