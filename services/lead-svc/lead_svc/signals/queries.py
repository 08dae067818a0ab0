"""Reads of signals, and the look-ups that find out whose they are: each for many at once."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from functools import lru_cache
from typing import Any, Self
from uuid import UUID

from sqlalchemy import ARRAY, ColumnElement, Integer, Text, Uuid, bindparam, delete, exists, func, literal, or_, select, true, union_all
from sqlalchemy.dialects import postgresql

from lead_svc.leads.embedded import EMBEDDED_LEAD
from lead_svc.leads.keys import email_key, phone_key
from lead_svc.leads.record import OPEN
from lead_svc.leads.tables import LEAD
from lead_svc.seen import LEADS_SEEN
from lead_svc.signals.fields import SignalFields, TouchFields
from lead_svc.signals.record import Signal, Visitor
from lead_svc.signals.tables import SIGNAL, SIGNALS, VISITOR
from shared.access.rows import Within
from shared.access.scoped import Scoped
from shared.db.query import Query, is_in, rows_param
from shared.db.tables import EVENT, At
from shared.events.lead import LeadDisqualified, LeadNurtured
from shared.http.answer import Answer
from shared.http.listing import Listing, described

# -- Whose it is -------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Named:
    """A lead, by the name or address that a signal gives."""

    name: str
    id: UUID


@dataclass(frozen=True, slots=True)
class There:
    """A lead that a signal names by its id or key, and the one that it was merged into."""

    id: UUID
    merged_into: UUID | None


@dataclass(frozen=True, slots=True)
class Ends:
    """The first and the last touch of a lead."""

    first: UUID | None
    last: UUID | None


@dataclass(frozen=True, slots=True)
class PutAside:
    id: UUID
    at: datetime


KNOWN = Query(select(SIGNAL.c.id).where(is_in(SIGNAL.c.id, "ids")), UUID)
THERE = Query(select(LEAD.c.id, LEAD.c.merged_into).where(is_in(LEAD.c.id, "ids")), There)
_best = (is_in(LEAD.c.state, [state.value for state in OPEN]).desc(), LEAD.c.captured_at.desc().nulls_last(), LEAD.c.id)
"""Of several leads with one address the one that is worked on; of those the one that was captured last."""
_MOST_OF_NUMBER = 20
"""Leads that are looked at for a number: its last digits can be those of others."""


def _of_each(names: str, key: Callable[[ColumnElement[Any]], ColumnElement[Any]], column: ColumnElement[Any], most: int) -> Query[Named]:
    """The best leads of each of these names. Looked up one by one: for a list, Postgres expects so many that it would read all leads."""
    given = func.unnest(bindparam(names, type_=ARRAY(Text))).table_valued("name", with_ordinality="n", name="given").render_derived()
    its = select(LEAD.c.id, column.label("known")).where(column.is_not(None), key(column) == key(given.c.name))
    found = its.order_by(*_best).limit(most).correlate(given).lateral("found")
    name = given.c.name if most == 1 else found.c.known
    return Query(select(name.label("name"), found.c.id).select_from(given).join(found, true()), Named)


BY_EMAIL = _of_each("names", email_key, LEAD.c.email, 1)
BY_PHONE = _of_each("phones", phone_key, LEAD.c.phone, _MOST_OF_NUMBER)
"""Leads whose numbers may be one of these, the best of each first, by the number as they have it."""
VISITORS = Query(select(*VISITOR.c).where(is_in(VISITOR.c.id, "names")), Visitor)

_named = rows_param(VISITOR, "id", "lead_id")
_put = postgresql.insert(VISITOR).from_select(
    ["id", "lead_id", "seen_at"], select(_named.c.id, _named.c.lead_id, bindparam("seen_at", type_=At)).order_by(_named.c.id)
)
NOTE_SEEN = Query(
    _put.on_conflict_do_update(
        index_elements=["id"],
        set_={
            "lead_id": func.coalesce(_put.excluded.lead_id, VISITOR.c.lead_id),
            "seen_at": func.greatest(_put.excluded.seen_at, VISITOR.c.seen_at),
        },
    ).returning(*VISITOR.c),
    Visitor,
)
"""Keeps that these visitors were seen, and who they turned out to be; locks them."""
_most = bindparam("most", type_=Integer)
WAITING = Query(
    select(*[SIGNAL.c[name] for name in SIGNALS.names])
    .where(is_in(SIGNAL.c.visitor, "names"))
    .order_by(SIGNAL.c.id)
    .limit(_most)
    .with_for_update(),
    Signal,
)
"""The signals of visitors of whom it is known now who they are."""


IDS_OF_LEAD = Query(
    select(SIGNAL.c.id).where(SIGNAL.c.lead_id == bindparam("lead_id", type_=Uuid)).order_by(SIGNAL.c.at.desc()).limit(200), UUID
)
"""Of the newest: the timeline shows them."""
PUT_ASIDE = Query(
    select(EVENT.c.subject.label("id"), func.max(EVENT.c.time).label("at"))
    .where(is_in(EVENT.c.subject, "ids"), is_in(EVENT.c.type, [LeadNurtured.type, LeadDisqualified.type]))
    .group_by(EVENT.c.subject),
    PutAside,
)
"""When leads were put aside or given up, last."""

# -- Upkeep ------------------------------------------------------------------------------------------------------------------

_late = select(VISITOR.c.id.label("name"), LEAD.c.id).where(VISITOR.c.lead_id.is_(None), LEAD.c.updated_at >= bindparam("since", type_=At))
_either = union_all(
    _late.where(LEAD.c.email.is_not(None), VISITOR.c.id == literal("email:").op("||")(email_key(LEAD.c.email))),
    _late.where(VISITOR.c.id == literal("key:").op("||")(LEAD.c.external_id)),
).subquery()
LATE = Query(
    select(_either.c.name, _either.c.id).ext(postgresql.distinct_on(_either.c.name)).order_by(_either.c.name, _either.c.id).limit(_most),
    Named,
)
"""People who were no leads when they were seen, and are some now: by the leads that were entered or changed since then."""
LEFT = Query(
    select(VISITOR.c.id.label("name"), VISITOR.c.lead_id.label("id"))
    .where(VISITOR.c.lead_id.is_not(None), exists().where(SIGNAL.c.visitor == VISITOR.c.id))
    .order_by(VISITOR.c.id)
    .limit(_most),
    Named,
)
"""Visitors who had more signals than one transaction joins."""
_over = select(VISITOR.c.id).where(VISITOR.c.seen_at < bindparam("before", type_=At)).order_by(VISITOR.c.seen_at)
OVER = Query(_over.limit(_most).with_for_update(skip_locked=True), str)
FORGET_SIGNALS = Query(delete(SIGNAL).where(is_in(SIGNAL.c.visitor, "names")), Signal)
FORGET = Query(delete(VISITOR).where(is_in(VISITOR.c.id, "names")), Visitor)

# -- Lists -------------------------------------------------------------------------------------------------------------------

SEEN_ROWS = Within(LEADS_SEEN, SIGNAL.c.lead_id)
SEEN = Scoped(SIGNALS, SEEN_ROWS)


@lru_cache(maxsize=64)
def of_known(seen: ColumnElement[bool]) -> ColumnElement[bool]:
    """Without those that wait. The same object each time: by that a compiled statement is found again."""
    return SIGNAL.c.lead_id.is_not(None) & seen


OF_LEAD: ColumnElement[bool] = SIGNAL.c.lead_id == bindparam("lead_id", type_=Uuid)
TOUCHES_OF_LEAD: ColumnElement[bool] = OF_LEAD & or_(*[SIGNAL.c[name].is_not(None) for name in ("source", "campaign", "medium")])
_ends = [
    select(SIGNAL.c.id).where(TOUCHES_OF_LEAD).order_by(*order).limit(1).scalar_subquery()
    for order in ((SIGNAL.c.at, SIGNAL.c.id), (SIGNAL.c.at.desc(), SIGNAL.c.id.desc()))
]
ENDS = Query(select(_ends[0].label("first"), _ends[1].label("last")), Ends)


class SignalOut(SignalFields, Answer):
    """A signal: what, when, how much, and what had brought the lead to us. `value`: seconds of a dwell, pages of a visit.

    `lead_id` is null while it waits for its visitor's name, and for senders that may not see leads.
    """

    id: UUID
    lead_id: UUID | None
    at: datetime
    by: UUID
    recorded_at: datetime
    version: int


LIST = Listing(
    SIGNAL,
    SignalOut,
    filters={**described(SIGNAL, SignalFields), **{name: SIGNAL.c[name] for name in ("lead_id", "at", "by")}},
    sorts=("at",),
    default="-at",
    embeds={"lead": EMBEDDED_LEAD},
)


class Place(StrEnum):
    """Where a touch stands among those of its lead."""

    ONLY = "only"
    FIRST = "first"
    BETWEEN = "between"
    LAST = "last"


class TouchItem(TouchFields, Answer):
    id: UUID
    lead_id: UUID
    kind: str
    at: datetime
    recorded_at: datetime


class TouchOut(TouchItem):
    """A signal that says what brought the lead to us. First and last are by when they happened."""

    place: Place

    @classmethod
    def of(cls, touch: TouchItem, ends: Ends) -> Self:
        is_first, is_last = touch.id == ends.first, touch.id == ends.last
        place = Place.ONLY if is_first and is_last else Place.FIRST if is_first else Place.LAST if is_last else Place.BETWEEN
        return cls(**vars(touch), place=place)


TOUCHES = Listing(
    SIGNAL,
    TouchItem,
    filters={**described(SIGNAL, TouchFields), "kind": SIGNAL.c.kind, "at": SIGNAL.c.at},
    sorts=("at",),
    default="at",
)
