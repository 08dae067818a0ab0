"""Reads of leads, within the reader's reach."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from uuid import UUID

from sqlalchemy import ARRAY, ColumnElement, Integer, Text, Uuid, bindparam, func, outerjoin, select, type_coerce

from lead_svc.index.queries import Indexed
from lead_svc.index.record import Found
from lead_svc.leads.embedded import EMBEDDED_DEAL
from lead_svc.leads.fields import LeadDetails, LeadFields
from lead_svc.leads.record import CLOSED, Grade, Lead, State
from lead_svc.leads.tables import LEAD, LEAD_PREDICTION, LEAD_SCORE, LEADS
from lead_svc.parties.embedded import EMBEDDED_ACCOUNT, EMBEDDED_CONTACT
from lead_svc.seen import LEADS_SEEN
from lead_svc.team.embedded import OWNER
from shared.access import kinds
from shared.access.scoped import Scoped
from shared.db.outbox import Told
from shared.db.query import Query, is_in
from shared.db.tx import Reader
from shared.fields import personal, searched
from shared.http.answer import Identified
from shared.http.listing import Listing, described
from shared.known import FlagName
from shared.policy.company import sources_of


def lead_of(told: Told) -> UUID | None:
    """The lead that an event is about: the one that it names, or else its subject."""
    named: UUID | None = getattr(told.event, "lead_id", told.subject)
    return named


class LeadItem(LeadFields, Identified):
    """`captured_at` is null for a lead that only an import of deals has named so far. `flags`: odd, but true."""

    state: State
    captured_at: datetime | None
    owner_id: UUID | None
    team_id: UUID | None
    score: int | None
    grade: Grade
    bant_score: int
    no_response_count: int
    last_contact_at: datetime | None
    wake_at: datetime | None
    account_id: UUID | None
    contact_id: UUID | None
    deal_id: UUID | None
    flags: list[FlagName]
    imported: bool
    created_at: datetime
    updated_at: datetime
    version: int


_FILTERED = (
    "id", "external_id", "state", "owner_id", "team_id", "grade", "account_id", "deal_id", "reason", "imported", "captured_at",
    "created_at", "last_contact_at",
)  # fmt: skip
_POINTS = LEAD_SCORE.c.points
_FLAGS = func.array(select(func.jsonb_object_keys(LEAD.c.flags)).correlate(LEAD).scalar_subquery())

LIST = Listing(
    LEAD,
    LeadItem,
    filters={
        **described(LEAD, LeadFields),
        **{name: LEAD.c[name] for name in _FILTERED},
        "score": _POINTS,
        "flag": type_coerce(_FLAGS, ARRAY(Text)),
    },
    sorts=("created_at", "captured_at", "updated_at", "score"),
    default="-created_at",
    search=[LEAD.c[n] for n in (*searched(LeadDetails), "external_id")],
    index=Indexed(Found.LEAD, LEAD.c.id),
    personal=[LEAD.c[n] for n in (*personal(LeadDetails), "reason")],
    kind=kinds.LEADS,
    stored={"source": sources_of},
    embeds={"owner": OWNER, "account": EMBEDDED_ACCOUNT, "contact": EMBEDDED_CONTACT, "deal": EMBEDDED_DEAL},
    beside={"score": _POINTS},
    source=outerjoin(LEAD, LEAD_SCORE, LEAD_SCORE.c.lead_id == LEAD.c.id),
)


@dataclass(frozen=True, slots=True)
class Beside:
    """The figures of a lead that are rows of their own: conditions ask them too."""

    lead_id: UUID
    score: int | None
    prediction: int | None


_BESIDE = Query(
    select(LEAD.c.id.label("lead_id"), _POINTS.label("score"), LEAD_PREDICTION.c.probability.label("prediction"))
    .select_from(
        outerjoin(LEAD, LEAD_SCORE, LEAD_SCORE.c.lead_id == LEAD.c.id).outerjoin(LEAD_PREDICTION, LEAD_PREDICTION.c.lead_id == LEAD.c.id)
    )
    .where(is_in(LEAD.c.id, "leads")),
    Beside,
)
POINTS = Query(select(_POINTS).where(LEAD_SCORE.c.lead_id == bindparam("lead_id")), int)


async def beside(db: Reader, leads: Sequence[UUID]) -> dict[UUID, dict[str, int | None]]:
    """Of each of these leads its score and what is predicted of it, by the names that conditions have for them."""
    found = await db.all(_BESIDE, leads=list(leads))
    return {one.lead_id: {"score": one.score, "prediction": one.prediction} for one in found}


@lru_cache(maxsize=64)
def unmerged(seen: ColumnElement[bool]) -> ColumnElement[bool]:
    """Without the leads that were merged into others. The same object each time: by that a compiled statement is found again."""
    return LEAD.c.merged_into.is_(None) & seen


FOLLOWING = Query(
    select(*[LEAD.c[n] for n in LEADS.names])
    .where(
        LEAD.c.owner_id == bindparam("owner_id"),
        LEAD.c.team_id.is_distinct_from(bindparam("team_id", type_=Uuid)),
        is_in(LEAD.c.state, [state.value for state in State if state not in CLOSED]) | LEAD.c.team_id.is_(None),
    )
    .order_by(LEAD.c.id)
    .limit(bindparam("limit", type_=Integer))
    .with_for_update(),
    Lead,
)
"""Leads that are to follow their owner into this team. What is closed stays where it was closed, unless it has had no team so far."""


SEEN = Scoped(LEADS, LEADS_SEEN)
