"""What people have declared, and which of them are left out of what. One statement, however many they are."""

from collections.abc import Iterable, Sequence
from dataclasses import fields
from typing import Protocol
from uuid import UUID

from sqlalchemy import ARRAY, Text, bindparam, select

from lead_svc.consent import rules
from lead_svc.consent.fields import Use
from lead_svc.consent.policy import POLICY
from lead_svc.consent.record import Consent
from lead_svc.consent.tables import CONSENT
from shared.db.query import Query
from shared.db.tx import Reader
from shared.errors import Unmet

NAMES = tuple(f.name for f in fields(Consent))
_BY_KEYS = Query(select(*[CONSENT.c[n] for n in NAMES]).where(CONSENT.c["keys"].has_any(bindparam("asked", type_=ARRAY(Text)))), Consent)


class Person(Protocol):
    """A lead, or whatever else names a person."""

    @property
    def id(self) -> UUID: ...
    @property
    def contact_id(self) -> UUID | None: ...
    @property
    def email(self) -> str | None: ...
    @property
    def phone(self) -> str | None: ...


def _asked(lead: Person) -> list[str]:
    return rules.asked_by(lead_id=lead.id, contact_id=lead.contact_id, email=lead.email, phone=lead.phone)


async def declared(db: Reader, asked: Sequence[str]) -> list[Consent]:
    """All declarations of whoever is known by one of these keys, the newest first."""
    found = await db.all(_BY_KEYS, asked=list(asked))
    return sorted(found, key=lambda one: (one.at, one.recorded_at, one.id.bytes), reverse=True)


async def of_person(db: Reader, lead: Person) -> list[Consent]:
    """What the person of a lead has declared, under this lead or another one of theirs, the newest first."""
    return await declared(db, _asked(lead))


async def left_out(db: Reader, leads: Iterable[Person], use: Use) -> dict[UUID, list[Unmet]]:
    """The leads whose person must be left out of this, with the reasons: the one gate for MQL, cadence and campaigns."""
    asked = {lead.id: _asked(lead) for lead in leads}
    if not asked:
        return {}
    by_key: dict[str, list[Consent]] = {}
    for one in await declared(db, [key for its in asked.values() for key in its]):
        for key in one.keys:
            by_key.setdefault(key, []).append(one)
    policy, found = db.policy(POLICY), {}
    for id, its in asked.items():
        stands = rules.standing((one for key in its for one in by_key.get(key, ())), policy)
        if unmet := rules.missing(use, stands, policy):
            found[id] = unmet
    return found


async def unmet_of(db: Reader, lead: Person, use: Use) -> list[Unmet]:
    """The same for one lead."""
    return (await left_out(db, [lead], use)).get(lead.id, [])
