"""`POST /v1/leads` and `/v1/leads/bulk`: one capture API for all channels."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Response
from pydantic import Field

from lead_svc.answers import LeadOut, answered
from lead_svc.capture import commands
from lead_svc.capture.rules import CAPTURE, NewLead, said
from lead_svc.duplicates.answers import DuplicateOut, shown_to
from lead_svc.duplicates.commands import suspected
from lead_svc.duplicates.lead_pairs import LEAD_PAIRS
from lead_svc.leads.fields import LeadData
from shared.auth import CurrentActor
from shared.db.tx import Tx
from shared.errors import Problem
from shared.fields import Key, Time
from shared.http.body import Body
from shared.http.bulk import Bulk, BulkResult, Done
from shared.http.edge import ClinchRoute, InTx, KeyRequired
from shared.http.openapi import or_known
from shared.http.permit import permitted

router = APIRouter(prefix="/v1/leads", tags=["leads"], route_class=ClinchRoute, dependencies=[permitted(CAPTURE)])


_ACCOUNT_KEY = "The account by another system's key. One that is unknown becomes a stub, if you see all accounts; else it is refused."


class LeadIn(LeadData, Body):
    """What is not given, or null, is not known; of a lead that is known already it changes nothing."""

    external_id: Annotated[Key | None, Field(description="What another system calls it; makes this an upsert.")] = None
    captured_at: Annotated[Time | None, Field(description="The first contact, if not now; not in the future.")] = None
    owner_id: Annotated[UUID | None, Field(description="Sellers own what they enter; else nobody does, and it is in the pool.")] = None
    owner_external_id: Annotated[Key | None, Field(description="The owner by another system's key; unknown ones become stubs.")] = None
    account_external_id: Annotated[Key | None, Field(description=_ACCOUNT_KEY)] = None

    def new(self) -> NewLead:
        return NewLead(
            external_id=self.external_id,
            captured_at=self.captured_at,
            owner_id=self.owner_id,
            owner_external_id=self.owner_external_id,
            account_external_id=self.account_external_id,
            said=said(vars(self)),
        )


class CapturedLead(LeadOut):
    """`duplicates`: open leads that may be the same, where the policy says that leads are compared."""

    duplicates: list[DuplicateOut]


@router.post("", status_code=201, responses=or_known(CapturedLead))
async def capture_lead(body: LeadIn, tx: InTx, by: CurrentActor, response: Response) -> CapturedLead:
    """Capture a lead. An `external_id` that is known already brings that lead to these values (200)."""
    lead, outcome = await commands.capture(tx, body.new())
    response.status_code = 201 if outcome == "created" else 200
    found = await suspected(tx, LEAD_PAIRS, lead.id, new=outcome == "created")
    duplicates = await shown_to(tx, by, DuplicateOut, found, tells_of_hidden=tx.kept)
    return CapturedLead.model_construct(**vars(await answered(tx, lead)), duplicates=duplicates)


@router.post("/bulk", status_code=207, dependencies=[KeyRequired])
async def capture_leads(body: Bulk[LeadIn], tx: InTx) -> BulkResult:
    """Capture up to 500 leads, each answered on its own; upsert by `external_id`. Doing the same again changes nothing."""
    return await body.run(lambda leads: _capture(tx, leads))


async def _capture(tx: Tx, leads: list[LeadIn]) -> list[Done | Problem]:
    answers = await commands.capture_many(tx, [lead.new() for lead in leads])
    return [a if isinstance(a, Problem) else Done(a.id, 201 if a.outcome == "created" else 200) for a in answers]
