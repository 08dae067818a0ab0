"""What is answered of leads that may be the same, to somebody who may see one of them only."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Self
from uuid import UUID

from pydantic import BaseModel, Field

from lead_svc.duplicates.queries import Alike, leaders_of, seen_among
from lead_svc.duplicates.record import Certainty, DuplicateState, Match
from lead_svc.duplicates.rules import DUPLICATE_ACTS, as_found, is_open, pair
from lead_svc.leads.record import State
from shared.access.kinds import LEADS, unmasked
from shared.acts import AllowedAction, shown
from shared.auth import Actor
from shared.db.tx import Reader
from shared.masking import masked


class OtherLead(BaseModel):
    """The other lead, in short."""

    id: UUID
    state: State
    company: str | None
    contact_name: str | None
    owner_id: UUID | None
    captured_at: datetime | None


class DuplicateOut(BaseModel):
    """Another lead that may be the same. Of one that you may not see, only how certain it is, and whom to `ask`.

    `version` is that of the pair, for If-Match; 0 while nobody has said anything of it. `state` is null for a closed lead, which is no
    duplicate: the customer comes back.
    """

    hidden: bool
    ask: UUID | None = Field(description="Who leads the owner of the hidden one; null: sales operations, or nobody has to be asked.")
    certainty: Certainty
    lead: OtherLead | None
    points: int | None
    matches: dict[Match, int] | None = Field(
        description="What they have in common, with what it counts for; null for roles that see leads masked."
    )
    state: DuplicateState | None
    reason: str | None = Field(description="Why they are not the same, in somebody's own words.")
    version: int | None
    allowed_actions: list[AllowedAction]

    @classmethod
    def hiding(cls, found: Alike, ask: UUID | None) -> Self:
        assert found.likeness.certainty is not None
        nothing: dict[str, Any] = dict.fromkeys(("lead", "points", "matches", "state", "reason", "version"))
        return cls(hidden=True, ask=ask, certainty=found.likeness.certainty, allowed_actions=[], **nothing)

    @classmethod
    def of(cls, found: Alike, by: Actor) -> Self:
        lead, other = found.lead, found.other
        now = as_found(found.known, pair(lead.id, other.id), found.likeness, lead.updated_at)
        to_all = unmasked(LEADS, by)
        described = {name: getattr(other, name) for name in OtherLead.model_fields}
        described |= {} if to_all else masked(described, ["contact_name"])
        counts = is_open(other) and is_open(lead)
        return cls(
            hidden=False,
            ask=None,
            certainty=now.certainty,
            lead=OtherLead(**described),
            points=now.points,
            matches=dict(found.likeness.matches) if to_all else None,
            state=now.state if counts else None,
            reason=now.reason if to_all else None,
            version=now.version,
            allowed_actions=shown(DUPLICATE_ACTS, now, by) if counts else [],
        )


async def shown_to(db: Reader, by: Actor, found: Sequence[Alike], *, tells_of_hidden: bool = True) -> list[DuplicateOut]:
    """What is answered of these. A hidden one is left out where the question leaves no trace, as a dry run does."""
    if not found:
        return []
    seen = await seen_among(db, by, [one.other.id for one in found])
    hidden = [one.other.owner_id for one in found if one.other.id not in seen and one.other.owner_id]
    leaders = await leaders_of(db, hidden) if hidden and tells_of_hidden else {}

    def hiding(one: Alike) -> DuplicateOut:
        leader = leaders.get(one.other.owner_id) if one.other.owner_id else None
        return DuplicateOut.hiding(one, None if leader == by.id else leader)

    each = [(one, one.other.id in seen) for one in found]
    return [DuplicateOut.of(one, by) if is_seen else hiding(one) for one, is_seen in each if is_seen or tells_of_hidden]
