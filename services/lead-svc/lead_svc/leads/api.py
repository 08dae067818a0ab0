"""`/v1/leads`: reads, descriptive fields, owner, and the steps of a lead."""

from datetime import datetime
from functools import partial
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Response
from pydantic import BaseModel, BeforeValidator, Field

from lead_svc.leads import commands, rules
from lead_svc.leads.queries import LEADS_LIST, SEEN_LEADS, lead_visible
from lead_svc.leads.rules import Lead, Reason, State
from lead_svc.qualification.rules import Dimension, Grade, Status, findings
from shared.auth import Actor, CurrentActor, Role, require
from shared.db import scope
from shared.fields import Email, Name, Phone, Short, Source, Text, Time, When
from shared.fields import Reason as Why
from shared.http.actions import AllowedAction, actions
from shared.http.body import Body
from shared.http.edge import ClinchRoute, IfMatch, InTx, Reading
from shared.http.listing import Page, PageRequest
from shared.http.patch import NOT_GIVEN
from shared.masking import sees_personal_data

router = APIRouter(prefix="/v1/leads", tags=["leads"], route_class=ClinchRoute)

Working = Depends(require(Role.rep, Role.kam, Role.manager, Role.director, Role.admin))
Editing = Depends(require(Role.rep, Role.kam, Role.manager, Role.director, Role.admin, Role.marketing, Role.ops, Role.service))


class LeadData(Body):
    """What describes a lead (L1, L2). `source` is one of the known families or your own text."""

    source: Source | None = NOT_GIVEN
    campaign: Short | None = NOT_GIVEN
    medium: Short | None = NOT_GIVEN
    first_touch: Annotated[Short | None, Field(description="What brought it to us first, for example a landing page.")] = NOT_GIVEN
    last_touch: Short | None = NOT_GIVEN
    referrer_account_id: Annotated[UUID | None, Field(description="The account that recommended us (L26).")] = NOT_GIVEN
    title: Name | None = NOT_GIVEN
    company: Name | None = NOT_GIVEN
    contact_name: Name | None = NOT_GIVEN
    email: Email | None = NOT_GIVEN
    phone: Phone | None = NOT_GIVEN
    job_title: Name | None = NOT_GIVEN
    region: Short | None = NOT_GIVEN
    industry: Short | None = NOT_GIVEN
    size: Short | None = NOT_GIVEN
    product: Annotated[Short | None, Field(description="The product line of interest.")] = NOT_GIVEN
    account_id: UUID | None = NOT_GIVEN
    contact_id: UUID | None = NOT_GIVEN


class BantOut(BaseModel):
    """One BANT dimension (L9): who found out what, and when. `months`: until they buy, for the timeline."""

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
        seen = _shown(lead, actor)
        known: dict[str, Any] = {n: getattr(seen, n) for n in _FROM_ROW}
        known["bant"] = findings(lead.bant, evidence=sees_personal_data(actor))
        known["allowed_actions"] = allowed_actions(lead, actor)
        return cls.model_validate(known)


_FROM_ROW = tuple(n for n in LeadOut.model_fields if n not in ("bant", "allowed_actions"))


def _shown(lead: Lead, actor: Actor) -> Lead:
    return rules.shown(lead, masked=not sees_personal_data(actor))


def allowed_actions(lead: Lead, actor: Actor) -> list[AllowedAction]:
    work = rules.work_unmet(lead, actor)
    account, contact = bool(lead.account_id or lead.company), bool(lead.contact_id or lead.contact_name)
    return actions(
        change=rules.edit_unmet(lead, actor),
        mql=rules.mql_unmet(lead, actor),
        bant=work,
        intent=work,
        grade=work,
        interactions=rules.contact_unmet(lead, actor),
        qualify=rules.qualify_unmet(lead, actor),
        nurture=rules.nurture_unmet(lead, actor),
        disqualify=rules.disqualify_unmet(lead, actor),
        reactivate=rules.reactivate_unmet(lead, actor),
        assign=rules.assign_unmet(lead, actor),
        convert=rules.convert_unmet(lead, actor, account=account, contact=contact),
    )


class Qualify(Body):
    at: When = None


class DeclareMql(Body):
    reason: Why
    at: When = None


class Nurture(Body):
    reason: Why
    note: Text | None = None
    wake_at: Annotated[Time | None, Field(description="When to take it up again; a refused MQL needs none.")] = None
    at: When = None


class Disqualify(Body):
    reason: Reason
    note: Annotated[Text | None, Field(description="Needed for the reason `other`.")] = None
    at: When = None


class Reactivate(Body):
    reason: Why
    at: When = None


class Assign(Body):
    owner_id: Annotated[UUID | None, Field(description="null releases it to the pool.")]
    at: When = None


@router.get("", response_model=Page[LeadItem])
async def list_leads(page: Annotated[PageRequest, Depends(LEADS_LIST.params)], db: Reading, by: CurrentActor) -> Response:
    """The leads that you may see: your own, your teams', and the pool."""
    each = partial(rules.shown_in_list, masked=not sees_personal_data(by))
    return await LEADS_LIST.answer(db, page, where=lead_visible(by), params=scope.params(by), each=each)


@router.get("/{lead_id}", response_model=LeadOut)
async def get_lead(lead_id: UUID, db: Reading, by: CurrentActor) -> LeadOut:
    return LeadOut.of(await SEEN_LEADS.get(db, by, lead_id), by)


@router.patch("/{lead_id}", response_model=LeadOut, dependencies=[Editing])
async def change_lead(lead_id: UUID, body: LeadData, tx: InTx, by: CurrentActor, expect: IfMatch) -> LeadOut:
    """Change what describes the lead: its owner, his manager, marketing, operations; a seller too while nobody owns it."""
    return LeadOut.of(await commands.change_lead(tx, lead_id, body.model_dump(exclude_unset=True), expect), by)


@router.post("/{lead_id}/mql", response_model=LeadOut)
async def declare_mql(
    lead_id: UUID,
    body: DeclareMql,
    tx: InTx,
    by: Annotated[Actor, Depends(require(Role.marketing, *rules.LEADERS))],
    expect: IfMatch,
) -> LeadOut:
    """captured → mql, by marketing or a manager, with the reason (L7)."""
    return LeadOut.of(await commands.declare_mql(tx, lead_id, reason=body.reason, at=body.at, expect=expect), by)


@router.post("/{lead_id}/qualify", response_model=LeadOut, dependencies=[Working])
async def qualify_lead(lead_id: UUID, body: Qualify, tx: InTx, by: CurrentActor, expect: IfMatch) -> LeadOut:
    """captured, mql → sql, by the owner or his manager: intent recorded, the customer took part at least once, BANT met (L9)."""
    return LeadOut.of(await commands.qualify(tx, lead_id, at=body.at, expect=expect), by)


@router.post("/{lead_id}/nurture", response_model=LeadOut, dependencies=[Working])
async def nurture_lead(lead_id: UUID, body: Nurture, tx: InTx, by: CurrentActor, expect: IfMatch) -> LeadOut:
    """captured, mql, sql → nurturing, by the owner or his manager, until `wake_at`. From mql this is sales refusing it."""
    given = body.model_dump()
    return LeadOut.of(await commands.nurture(tx, lead_id, expect=expect, **given), by)


@router.post("/{lead_id}/disqualify", response_model=LeadOut, dependencies=[Working])
async def disqualify_lead(lead_id: UUID, body: Disqualify, tx: InTx, by: CurrentActor, expect: IfMatch) -> LeadOut:
    """captured, mql, sql → disqualified, by the owner or his manager (L15)."""
    return LeadOut.of(await commands.disqualify(tx, lead_id, reason=body.reason, note=body.note, at=body.at, expect=expect), by)


@router.post("/{lead_id}/reactivate", response_model=LeadOut)
async def reactivate_lead(
    lead_id: UUID,
    body: Reactivate,
    tx: InTx,
    by: Annotated[Actor, Depends(require(Role.rep, Role.kam, Role.marketing, *rules.LEADERS))],
    expect: IfMatch,
) -> LeadOut:
    """nurturing → captured, by owner, manager or marketing; disqualified → captured, by a manager, or by marketing when it was
    `no_response_3` (L16). Never after an opt-out."""
    return LeadOut.of(await commands.reactivate(tx, lead_id, reason=body.reason, at=body.at, expect=expect), by)


@router.post("/{lead_id}/assign", response_model=LeadOut, dependencies=[Working])
async def assign_lead(lead_id: UUID, body: Assign, tx: InTx, by: CurrentActor, expect: IfMatch) -> LeadOut:
    """Give the lead to a person (L19): a manager within his teams, a director or admin to anybody; a seller claims it from the
    pool, or releases his own with null."""
    return LeadOut.of(await commands.assign(tx, lead_id, owner_id=body.owner_id, at=body.at, expect=expect), by)
