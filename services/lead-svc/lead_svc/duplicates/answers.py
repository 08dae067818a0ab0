"""What is answered of records that may be the same, to somebody who may see one of them only."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, ClassVar, Self, TypeVar
from uuid import UUID

from pydantic import BaseModel, Field

from lead_svc.duplicates.account_pairs import ACCOUNT_PAIRS
from lead_svc.duplicates.contact_pairs import CONTACT_PAIRS
from lead_svc.duplicates.kinds import Kind
from lead_svc.duplicates.lead_pairs import LEAD_PAIRS
from lead_svc.duplicates.queries import Alike, leaders_of, seen_among
from lead_svc.duplicates.record import Certainty, DuplicateState, Match
from lead_svc.duplicates.rules import as_found, pair
from lead_svc.leads.record import State
from lead_svc.parties.fields import ContactFields
from shared.access.kinds import unmasked
from shared.acts import AllowedAction, shown
from shared.auth import Actor
from shared.db.tx import Reader
from shared.fields import personal
from shared.masking import masked


class OtherLead(BaseModel):
    """The other lead, in short."""

    id: UUID
    state: State
    company: str | None
    contact_name: str | None
    owner_id: UUID | None
    captured_at: datetime | None


class OtherAccount(BaseModel):
    """The other account, in short."""

    id: UUID
    name: str
    region: str | None
    owner_id: UUID | None
    created_at: datetime


class OtherContact(BaseModel):
    """The other contact, in short."""

    id: UUID
    account_id: UUID
    name: str
    job_title: str | None
    created_at: datetime


class AlikeOut(BaseModel):
    """Another record that may be the same. Of one that you may not see, only how certain it is, and whom to `ask`.

    `version` is that of the pair, for If-Match; 0 while nobody has said anything of it.
    """

    kind: ClassVar[Kind[Any]]
    other: ClassVar[type[BaseModel]]
    personal: ClassVar[Sequence[str]] = ()

    hidden: bool
    ask: UUID | None = Field(description="Who leads the owner of the hidden one; null: sales operations, or nobody has to be asked.")
    certainty: Certainty
    points: int | None
    matches: dict[Match, int] | None = Field(
        description="What they have in common, with what it counts for; null for roles that see these records masked."
    )
    state: DuplicateState | None
    reason: str | None = Field(description="Why they are not the same, in somebody's own words.")
    version: int | None
    allowed_actions: list[AllowedAction]

    @classmethod
    def hiding(cls, found: Alike[Any], ask: UUID | None) -> Self:
        assert found.likeness.certainty is not None
        nothing: dict[str, Any] = dict.fromkeys((cls.kind.name, "points", "matches", "state", "reason", "version"))
        return cls(hidden=True, ask=ask, certainty=found.likeness.certainty, allowed_actions=[], **nothing)

    @classmethod
    def of(cls, found: Alike[Any], by: Actor) -> Self:
        one, other = found.one, found.other
        now = as_found(cls.kind.pairs.into, found.known, pair(one.id, other.id), found.likeness, one.record.updated_at)
        to_all = unmasked(cls.kind.access, by)
        described = {name: getattr(other.record, name) for name in cls.other.model_fields}
        described |= {} if to_all else masked(described, cls.personal)
        counts = other.is_open and one.is_open
        return cls(
            hidden=False,
            ask=None,
            certainty=now.certainty,
            points=now.points,
            matches=dict(found.likeness.matches) if to_all else None,
            state=now.state if counts else None,
            reason=now.reason if to_all else None,
            version=now.version,
            allowed_actions=shown(cls.kind.acts, now, by) if counts else [],
            **{cls.kind.name: cls.other(**described)},
        )


class DuplicateOut(AlikeOut):
    """Another lead that may be the same. Of one that you may not see, only how certain it is, and whom to `ask`.

    `version` is that of the pair, for If-Match; 0 while nobody has said anything of it. `state` is null for a closed lead, which is no
    duplicate: the customer comes back.
    """

    kind = LEAD_PAIRS
    other = OtherLead
    personal = ("contact_name",)

    lead: OtherLead | None


class AccountDuplicateOut(AlikeOut):
    """Another account that may be the same company. Of one that you may not see, only how certain it is, and whom to `ask`.

    `version` is that of the pair, for If-Match; 0 while nobody has said anything of it.
    """

    kind = ACCOUNT_PAIRS
    other = OtherAccount

    account: OtherAccount | None


class ContactDuplicateOut(AlikeOut):
    """Another contact that may be the same person. Of one that you may not see, only how certain it is, and whom to `ask`.

    `version` is that of the pair, for If-Match; 0 while nobody has said anything of it.
    """

    kind = CONTACT_PAIRS
    other = OtherContact
    personal = tuple(name for name in personal(ContactFields) if name in OtherContact.model_fields)

    contact: OtherContact | None


_MORE = "Whether it shares something with so many that only the newest, or the most alike, were looked at."


class AlikeList(BaseModel):
    more: bool = Field(description=_MORE)


class DuplicatesOut(AlikeList):
    """Open leads first, then those with the most in common."""

    items: list[DuplicateOut]


class AccountDuplicatesOut(AlikeList):
    """Those with the most in common first."""

    items: list[AccountDuplicateOut]


class ContactDuplicatesOut(AlikeList):
    """Those with the most in common first."""

    items: list[ContactDuplicateOut]


O = TypeVar("O", bound=AlikeOut)  # noqa: E741


async def shown_to(db: Reader, by: Actor, out: type[O], found: Sequence[Alike[Any]], *, tells_of_hidden: bool = True) -> list[O]:
    """What is answered of these. A hidden one is left out where the question leaves no trace, as a dry run does."""
    if not found:
        return []
    seen = await seen_among(db, out.kind, by, [one.other.id for one in found])
    hidden = [one.other.owner_id for one in found if one.other.id not in seen and one.other.owner_id]
    leaders = await leaders_of(db, hidden) if hidden and tells_of_hidden else {}

    def hiding(one: Alike[Any]) -> O:
        leader = leaders.get(one.other.owner_id) if one.other.owner_id else None
        return out.hiding(one, None if leader == by.id else leader)

    each = [(one, one.other.id in seen) for one in found]
    return [out.of(one, by) if is_seen else hiding(one) for one, is_seen in each if is_seen or tells_of_hidden]
