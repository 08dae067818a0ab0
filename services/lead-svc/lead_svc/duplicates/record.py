"""A pair of records that may be the same, as its row holds it: two leads, two accounts or two contacts."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Annotated, ClassVar, TypeVar
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
    """What two records have in common."""

    EMAIL = "email"
    PHONE = "phone"
    NAME = "name"
    COMPANY = "company"
    DOMAIN = "domain"


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """The row names one of the two as its kind does, `lead_id` for leads: the smaller of the two ids, so that each pair has one row."""

    kind: ClassVar[str]

    id: UUID
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

    @property
    def ids(self) -> tuple[UUID, UUID]:
        return getattr(self, f"{self.kind}_id"), self.other_id


P = TypeVar("P", bound=Pair)


@dataclass(frozen=True, slots=True, kw_only=True)
class Duplicate(Pair):
    kind = "lead"

    lead_id: UUID


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountDuplicate(Pair):
    kind = "account"

    account_id: UUID


@dataclass(frozen=True, slots=True, kw_only=True)
class ContactDuplicate(Pair):
    kind = "contact"

    contact_id: UUID


def _subject(of: type[P], label: str) -> Subject[P, None]:
    return Subject(
        name=f"{of.kind}_duplicate",
        label=label,
        states=DuplicateState,
        state=lambda pair: pair.state,
        owner=lambda *_: None,
        not_owner=Unmet("not_manager", f"A manager who sees both {of.kind}s, or sales operations, decides this."),
        wrong_state=lambda pair, needed: Unmet("wrong_state", f"The pair is {pair.state}; this needs {' or '.join(needed)}."),
    )


LEAD_DUPLICATE = _subject(Duplicate, "suspected duplicate")
ACCOUNT_DUPLICATE = _subject(AccountDuplicate, "suspected duplicate of an account")
CONTACT_DUPLICATE = _subject(ContactDuplicate, "suspected duplicate of a contact")


@dataclass(frozen=True, slots=True)
class Said:
    """What is compared of a record: as it has one form, whatever the spelling. Empty where nothing is said."""

    emails: frozenset[str] = frozenset()
    phones: frozenset[str] = frozenset()
    person: str = ""
    company: str = ""


@dataclass(frozen=True, slots=True)
class Likeness:
    """What two records have in common, and what that counts for."""

    points: int
    matches: Mapping[Match, int]
    """With what each counts for."""
    certainty: Certainty | None
    """None: too little."""
