"""`/v1/leads/{id}/consents`, `/v1/contacts/{id}/consents`: what the person allows, with all that they ever declared."""

from datetime import datetime
from typing import Any
from uuid import UUID

from fastapi import APIRouter
from pydantic import BaseModel, Field

from lead_svc.consent import rules
from lead_svc.consent.commands import declare
from lead_svc.consent.fields import ConsentDecision, ConsentFields, Purpose, Use
from lead_svc.consent.policy import POLICY
from lead_svc.consent.queries import declared
from lead_svc.consent.record import Consent
from lead_svc.consent.rules import DECLARE, DECLARE_OF_CONTACT
from lead_svc.leads.queries import SEEN
from lead_svc.leads.record import LEAD
from lead_svc.parties.queries import SEEN_CONTACTS
from shared.access.kinds import ACCOUNTS, LEADS, Kind, unmasked
from shared.auth import Actor, CurrentActor
from shared.db.tx import Reader
from shared.fields import When, personal
from shared.http.answer import Answer
from shared.http.body import Body
from shared.http.edge import ClinchRoute, InTx, Reading
from shared.http.permit import permitted

of_leads = APIRouter(prefix="/v1/leads", tags=["leads"], route_class=ClinchRoute)
of_contacts = APIRouter(prefix="/v1/contacts", tags=["contacts"], route_class=ClinchRoute)


class ConsentIn(ConsentFields, Body):
    at: When = None


class ConsentOut(ConsentFields, Answer):
    """What was declared. Proof and reason are left out for roles that see personal data masked."""

    id: UUID
    lead_id: UUID | None
    contact_id: UUID | None
    at: datetime
    by: UUID
    recorded_at: datetime
    asked: bool = Field(description="Ticked in a form: it lifts no withdrawal until somebody records it as confirmed.")

    @classmethod
    def of(cls, consent: Consent, by: Actor, kind: Kind) -> "ConsentOut":
        hidden = () if unmasked(kind, by) else personal(ConsentFields)
        known: dict[str, Any] = {n: None if n in hidden else getattr(consent, n) for n in ConsentOut.model_fields}
        return ConsentOut.model_construct(**known)


class StandOut(BaseModel):
    purpose: Purpose
    decision: ConsentDecision
    since: datetime


class ConsentsOut(BaseModel):
    """What the person allows now, and all that they declared, the newest first: under this record or another one of theirs."""

    stands: list[StandOut]
    asked_again: list[Purpose] = Field(
        description="What was ticked in a form after it had been withdrawn: it counts once somebody has asked the person and records it."
    )
    left_out_of: list[Use] = Field(description="What they are left out of, as the policy says.")
    items: list[ConsentOut]


async def _out(db: Reader, by: Actor, kind: Kind, asked: list[str]) -> ConsentsOut:
    found = await declared(db, asked)
    policy = db.policy(POLICY)
    stands = rules.standing(found, policy)
    return ConsentsOut(
        stands=[StandOut(purpose=p, decision=one.decision, since=one.at) for p, one in stands.items()],
        asked_again=rules.asked_again(found, stands),
        left_out_of=[use for use in Use if rules.missing(use, stands, policy)],
        items=[ConsentOut.of(one, by, kind) for one in found],
    )


@of_leads.post("/{lead_id}/consents", status_code=201, dependencies=[permitted(DECLARE)])
async def declare_consent(lead_id: UUID, body: ConsentIn, tx: InTx, by: CurrentActor) -> ConsentOut:
    """Record what the person allows or takes back. It appends, so it needs no If-Match; the newest one stands.

    It counts for the person: by e-mail, contact, or phone where there is no e-mail, also when they are captured again.
    """
    lead = await SEEN.load(tx, lead_id)
    LEAD.check_here(lead)
    made = await declare(tx, body, lead_id=lead.id, contact_id=lead.contact_id, email=lead.email, phone=lead.phone, at=body.at)
    return ConsentOut.of(made, by, LEADS)


@of_leads.get("/{lead_id}/consents")
async def list_consents(lead_id: UUID, db: Reading, by: CurrentActor) -> ConsentsOut:
    """What the person of the lead allows, and what they are left out of."""
    lead = await SEEN.get(db, by, lead_id)
    asked = rules.asked_by(lead_id=lead.id, contact_id=lead.contact_id, email=lead.email, phone=lead.phone)
    return await _out(db, by, LEADS, asked)


@of_contacts.post("/{contact_id}/consents", status_code=201, dependencies=[permitted(DECLARE_OF_CONTACT)])
async def declare_contact_consent(contact_id: UUID, body: ConsentIn, tx: InTx, by: CurrentActor) -> ConsentOut:
    """Record what the contact allows or takes back; the newest one stands, for their leads too."""
    contact = await SEEN_CONTACTS.load(tx, contact_id)
    made = await declare(tx, body, lead_id=None, contact_id=contact.id, email=contact.email, phone=contact.phone, at=body.at)
    return ConsentOut.of(made, by, ACCOUNTS)


@of_contacts.get("/{contact_id}/consents")
async def list_contact_consents(contact_id: UUID, db: Reading, by: CurrentActor) -> ConsentsOut:
    """What the contact allows, and what they are left out of."""
    contact = await SEEN_CONTACTS.get(db, by, contact_id)
    asked = rules.asked_by(lead_id=None, contact_id=contact.id, email=contact.email, phone=contact.phone)
    return await _out(db, by, ACCOUNTS, asked)
