"""Reads why leads are not followed up, and finds the leads of whom somebody has declared something."""

from collections.abc import Callable, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import ARRAY, ColumnElement, Integer, Select, Text, Uuid, any_, bindparam, func, select, true, union

from lead_svc.cadence.record import Stop, Unplanned
from lead_svc.cadence.tables import STOP
from lead_svc.leads import keys
from lead_svc.leads.record import HELD, Lead
from lead_svc.leads.tables import LEAD, LEADS
from lead_svc.parties.record import Contact
from lead_svc.parties.tables import CONTACTS
from shared.db.query import Query, is_in
from shared.db.tx import Reader, Tx

_STOPS = Query(select(STOP).where(is_in(STOP.c.lead_id, "leads")), Stop)

_HELD_BY_SOMEBODY = (is_in(LEAD.c.state, [state.value for state in HELD]), LEAD.c.owner_id.is_not(None))
FOLLOWED = Query(
    select(*[LEAD.c[n] for n in LEADS.names])
    .where(*_HELD_BY_SOMEBODY, LEAD.c.id > bindparam("after", type_=Uuid))
    .order_by(LEAD.c.id)
    .limit(bindparam("most", type_=Integer))
    .with_for_update(),
    Lead,
)
"""Leads in somebody's hands, one batch after the other."""


MOST_OF_PERSON = 500
"""Leads that are looked at for one address or number."""
_OTHER = LEAD.alias("other")


def _of_each(names: str, key: Callable[[Any], ColumnElement[str]], column: ColumnElement[Any], *more: ColumnElement[bool]) -> Select[Any]:
    """The leads of each of these. Looked up one by one: for a list, Postgres would read all leads."""
    given = func.unnest(bindparam(names, type_=ARRAY(Text))).table_valued("name", name=names).render_derived()
    its = select(_OTHER.c.id).where(column.is_not(None), key(column) == key(given.c.name), *more)
    found = its.limit(MOST_OF_PERSON).correlate(given).lateral(f"of_{names}")
    return select(found.c.id).select_from(given).join(found, true())


# Who may be meant; what somebody declared is looked at then. A number counts only where there is no address.
_meant = union(
    select(func.unnest(bindparam("leads", type_=ARRAY(Uuid))).column_valued("id")),
    select(_OTHER.c.id).where(is_in(_OTHER.c.account_id, "accounts"), is_in(_OTHER.c.contact_id, "contacts")),
    _of_each("emails", keys.email_key, _OTHER.c.email),
    _of_each("phones", keys.phone_key, _OTHER.c.phone, _OTHER.c.email.is_(None)),
)
_OF_PEOPLE = Query(
    select(*[LEAD.c[n] for n in LEADS.names])
    .where(LEAD.c.id == any_(func.array(_meant.scalar_subquery())), *_HELD_BY_SOMEBODY)
    .order_by(LEAD.c.id)
    .with_for_update(),
    Lead,
)


async def stops(db: Reader, leads: Sequence[UUID]) -> dict[UUID, Unplanned]:
    """Why these leads are not followed up, of those that have a reason of their own."""
    return {stop.lead_id: stop.reason for stop in await db.all(_STOPS, leads=list(leads))} if leads else {}


async def leads_of_people(tx: Tx, leads: Sequence[UUID], contacts: Sequence[UUID]) -> list[Lead]:
    """Lock the leads in somebody's hands that may be about the people of these leads and contacts: by contact, address or number."""
    named = await tx.all(LEADS.get_many, ids=list(leads))
    about: list[Lead | Contact] = [*named, *await tx.all(CONTACTS.get_many, ids=list(contacts))]
    people = {*contacts, *(lead.contact_id for lead in named if lead.contact_id)}
    accounts = {one.account_id for one in about if one.account_id}
    emails = {one.email for one in about if one.email}
    phones = {one.phone for one in about if one.phone}
    given = {"accounts": list(accounts), "emails": list(emails), "phones": list(phones)}
    return await tx.all(_OF_PEOPLE, leads=list(leads), contacts=list(people), **given)
