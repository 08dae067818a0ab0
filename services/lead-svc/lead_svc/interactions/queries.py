"""A lead's interactions, searchable so that nobody asks the customer twice."""

from dataclasses import fields

from sqlalchemy import ColumnElement, Uuid, bindparam, insert, select

from lead_svc.interactions.rules import Interaction
from lead_svc.interactions.tables import INTERACTION
from shared.db.query import Query, is_in
from shared.http.listing import Listing

_NAMES = tuple(f.name for f in fields(Interaction))
ADD = Query(insert(INTERACTION).values({n: bindparam(n) for n in _NAMES}), Interaction)
BY_IDS = Query(select(*[INTERACTION.c[n] for n in _NAMES]).where(is_in(INTERACTION.c.id, "ids")), Interaction)
OF_LEAD: ColumnElement[bool] = INTERACTION.c.lead_id == bindparam("lead_id", type_=Uuid)

_TEXTS = tuple(INTERACTION.c[n] for n in ("key_points", "feedback", "questions", "concerns", "goals"))
LIST = Listing(
    INTERACTION,
    Interaction,
    filters={
        "kind": INTERACTION.c.kind,
        "direction": INTERACTION.c.direction,
        "outcome": INTERACTION.c.outcome,
        "at": INTERACTION.c.at,
        "by": INTERACTION.c.by,
    },
    sorts=("at",),
    default="-at",
    search=_TEXTS,
    personal=_TEXTS,
)
