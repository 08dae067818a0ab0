"""Recording what people allow, one or many at once by one statement."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import select

from lead_svc.consent import rules
from lead_svc.consent.fields import ConsentChannel, ConsentDecision, ConsentFields, Purpose
from lead_svc.consent.queries import NAMES, Person
from lead_svc.consent.record import Consent
from lead_svc.consent.tables import CONSENT
from shared.clock import happened
from shared.db.query import Query, columns, rows_param
from shared.db.tx import Tx
from shared.errors import Invalid
from shared.events.consent import ConsentGranted, ConsentWithdrawn
from shared.ids import new_id

_given = rows_param(CONSENT, *NAMES)
_ADD = Query(CONSENT.insert().from_select(NAMES, select(*[_given.c[n] for n in NAMES])), Consent)


async def declare(
    tx: Tx, said: ConsentFields, *, lead_id: UUID | None, contact_id: UUID | None, email: str | None, phone: str | None, at: datetime | None
) -> Consent:
    """Record what this person allows or takes back. Their declarations of before stay."""
    if said.decision is ConsentDecision.GRANTED and said.text_version is None:
        says = "Say which version of the text they agreed to."
        raise Invalid(says, pointer="/text_version", code="text_version_needed")
    keys = rules.keys(lead_id=lead_id, contact_id=contact_id, email=email, phone=phone)
    given = {name: getattr(said, name) for name in ConsentFields.model_fields}
    made = _made(tx, keys=keys, lead_id=lead_id, contact_id=contact_id, at=happened(at, tx.now), **given)
    await keep(tx, [made])
    return made


def granted(tx: Tx, person: Person, purpose: Purpose, *, channel: ConsentChannel, text_version: str, proof: str, at: datetime) -> Consent:
    """What somebody has agreed to in a form, for the person of a lead: whoever knows an address can tick it."""
    keys = rules.keys(lead_id=person.id, contact_id=person.contact_id, email=person.email, phone=person.phone)
    ticked = {"decision": ConsentDecision.GRANTED, "asked": True, "reason": None}
    said = ticked | {"channel": channel, "text_version": text_version, "proof": proof}
    return _made(tx, keys=keys, lead_id=person.id, contact_id=person.contact_id, at=at, purpose=purpose, **said)


def withdrawn(tx: Tx, *, lead_id: UUID, contact_id: UUID | None, email: str | None, phone: str | None, at: datetime) -> list[Consent]:
    """What an opt-out says: for no purpose any more."""
    keys = rules.keys(lead_id=lead_id, contact_id=contact_id, email=email, phone=phone)
    said = {"decision": ConsentDecision.WITHDRAWN, "channel": None, "text_version": None, "proof": None, "reason": "opt_out"}
    return [_made(tx, keys=keys, lead_id=lead_id, contact_id=contact_id, at=at, purpose=purpose, **said) for purpose in Purpose]


def _made(tx: Tx, *, keys: Sequence[str], **given: Any) -> Consent:
    return Consent(id=new_id(), keys=dict.fromkeys(keys, True), by=tx.actor.id, recorded_at=tx.now, **given)


async def keep(tx: Tx, made: Sequence[Consent]) -> None:
    """Keep these declarations, and tell each."""
    if made:
        await tx.run(_ADD, **columns(made, NAMES))
    for one in made:
        kind = ConsentGranted if one.decision is ConsentDecision.GRANTED else ConsentWithdrawn
        tx.tell(one.id, 1, kind.of(one), at=one.at)
