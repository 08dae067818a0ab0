"""A lead's interactions, searchable so that nobody asks the customer twice."""

from dataclasses import fields
from datetime import datetime
from uuid import UUID

from sqlalchemy import ColumnElement, Uuid, bindparam, insert, select

from lead_svc.interactions.fields import InteractionFields
from lead_svc.interactions.record import Interaction
from lead_svc.interactions.rules import NOTES
from lead_svc.interactions.tables import INTERACTION
from shared.access.kinds import LEADS
from shared.db.query import Query, is_in
from shared.http.answer import Answer
from shared.http.listing import Listing, described

_NAMES = tuple(f.name for f in fields(Interaction))
ADD = Query(insert(INTERACTION).values({n: bindparam(n) for n in _NAMES}), Interaction)
BY_IDS = Query(select(*[INTERACTION.c[n] for n in _NAMES]).where(is_in(INTERACTION.c.id, "ids")), Interaction)
OF_LEAD: ColumnElement[bool] = INTERACTION.c.lead_id == bindparam("lead_id", type_=Uuid)


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
