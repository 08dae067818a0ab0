"""A lead as it is answered: what is known of it, from all features, and what its reader may do with it."""

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from pydantic import BaseModel, BeforeValidator

from lead_svc.acts import LEAD_ACTS
from lead_svc.leads import rules
from lead_svc.leads.record import Grade, Lead, State
from lead_svc.qualification.rules import Dimension, Status, findings
from shared.acts import AllowedAction, shown
from shared.auth import Actor
from shared.masking import sees_personal_data


class BantOut(BaseModel):
    """One BANT dimension: who found out what, and when. `months`: until they buy, for the timeline."""

    dimension: Dimension
    status: Status
    weight: int
    evidence: str | None
    months: int | None
    by: UUID | None
    at: datetime | None


class LeadItem(BaseModel):
    """`captured_at` is null for a lead that only an import of deals has named so far. `flags`: odd, but true."""

    id: UUID
    external_id: str | None
    state: State
    captured_at: datetime | None
    source: str | None
    campaign: str | None
    medium: str | None
    title: str | None
    company: str | None
    contact_name: str | None
    region: str | None
    industry: str | None
    size: str | None
    product: str | None
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
    flags: Annotated[list[str], BeforeValidator(sorted)]
    imported: bool
    created_at: datetime
    updated_at: datetime
    version: int


class LeadOut(LeadItem):
    """`reason`, `note`: why it is nurtured or disqualified. `refusal`: why the last hand-over was refused."""

    first_touch: str | None
    last_touch: str | None
    referrer_account_id: UUID | None
    email: str | None
    phone: str | None
    job_title: str | None
    bant: list[BantOut]
    intent: str | None
    responses: int
    reason: str | None
    note: str | None
    reactivations: int
    conversion_id: UUID | None
    refusal: str | None
    allowed_actions: list[AllowedAction]

    @classmethod
    def of(cls, lead: Lead, actor: Actor) -> "LeadOut":
        masked = not sees_personal_data(actor)
        seen = rules.shown(lead, masked=masked)
        known: dict[str, Any] = {n: getattr(seen, n) for n in _FROM_ROW}
        known["bant"] = findings(lead.bant, evidence=not masked)
        known["allowed_actions"] = shown(LEAD_ACTS, lead, actor)
        return cls.model_validate(known)


_FROM_ROW = tuple(n for n in LeadOut.model_fields if n not in ("bant", "allowed_actions"))
