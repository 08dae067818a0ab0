"""A lead's interactions, searchable so that nobody asks the customer twice."""

from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Uuid, bindparam, delete, func, insert, or_, select, update

from lead_svc.interactions.fields import Direction, InteractionFields, Outcome
from lead_svc.interactions.record import Interaction
from lead_svc.interactions.rules import NOTES
from lead_svc.interactions.tables import INTERACTION
from lead_svc.leads.record import Lead
from shared.access.kinds import LEADS
from shared.db.query import Query, is_in
from shared.db.tx import Reader
from shared.http.answer import Answer
from shared.http.listing import Listing, described

_NAMES = tuple(f.name for f in fields(Interaction))
ADD = Query(insert(INTERACTION).values({n: bindparam(n) for n in _NAMES}), Interaction)
BY_IDS = Query(select(*[INTERACTION.c[n] for n in _NAMES]).where(is_in(INTERACTION.c.id, "ids")), Interaction)
OF_LEAD: ColumnElement[bool] = INTERACTION.c.lead_id == bindparam("lead_id", type_=Uuid)
ALL = Query(select(*[INTERACTION.c[n] for n in _NAMES]).where(OF_LEAD), Interaction)
_ONE = INTERACTION.c.id == bindparam("_id", type_=Uuid)
CHANGE = Query(update(INTERACTION).where(_ONE).values({n: bindparam(n) for n in (*InteractionFields.model_fields, "at")}), type(None))
ERASE = Query(delete(INTERACTION).where(_ONE), type(None))


class _About(Answer):
    id: UUID
    lead_id: UUID


class InteractionOut(InteractionFields, _About):
    """The texts are left out for roles that see leads masked."""

    at: datetime
    by: UUID
    recorded_at: datetime


_TEXTS = [INTERACTION.c[name] for name in NOTES]
LIST = Listing(
    INTERACTION,
    InteractionOut,
    filters={**described(INTERACTION, InteractionFields), "at": INTERACTION.c.at, "by": INTERACTION.c.by},
    sorts=("at",),
    default="-at",
    search=_TEXTS,
    personal=_TEXTS,
    kind=LEADS,
)


@dataclass(frozen=True, slots=True)
class Contacts:
    """What the contacts of a lead add up to."""

    responses: int
    last_response_at: datetime | None
    last_contact_at: datetime | None


_answered = or_(INTERACTION.c.direction == Direction.INBOUND.value, INTERACTION.c.outcome == Outcome.REACHED.value)
_CONTACTS = Query(
    select(
        func.count().filter(_answered).label("responses"),
        func.max(INTERACTION.c.at).filter(_answered).label("last_response_at"),
        func.max(INTERACTION.c.at).label("last_contact_at"),
    ).where(OF_LEAD),
    Contacts,
)


async def contacts(db: Reader, lead: Lead) -> dict[str, Any]:
    """The fields of a lead that count its contacts, as they are by those that it has now."""
    found = await db.one(_CONTACTS, lead_id=lead.id)
    return {name: getattr(found, name) for name in Contacts.__slots__}
