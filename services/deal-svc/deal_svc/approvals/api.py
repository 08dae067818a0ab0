"""Routes of a quote from draft to the customer: submit, decide, send."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter
from pydantic import Field

from deal_svc.approvals import commands
from deal_svc.quotes.api import QuoteOut, Today, quote_out
from deal_svc.quotes.tiers import ApprovalStep
from shared.approvals.record import Decision
from shared.auth import CurrentActor
from shared.fields import Reason, Text
from shared.http.body import Dated
from shared.http.edge import ClinchRoute, IfMatch, InTx
from shared.sentences import written

router = APIRouter(prefix="/v1/quotes/{quote_id}", tags=["quotes"], route_class=ClinchRoute)


class SubmissionIn(Dated):
    note: Annotated[Text | None, Field(description="For those who decide; the customer never sees it")] = None


class DecisionIn(Dated):
    step: ApprovalStep
    decision: Decision
    content_hash: Annotated[
        str,
        written("^[0-9a-f]{64}$", "Send the content_hash that the quote shows: 64 hex digits."),
        Field(description="Of the content that was looked at, as the quote shows it"),
    ]
    reason: Annotated[Reason | None, Field(description="A comment; needed for a rejection")] = None


class DelegationIn(Dated):
    step: ApprovalStep
    person_id: Annotated[UUID, Field(description="Who decides it, on the roster; your own id takes it for yourself")]


class TakingBackIn(Dated):
    reason: Reason | None = None


SUBMISSION, TAKING_BACK = SubmissionIn(), TakingBackIn()


@router.post("/submit")
async def submit_quote(
    quote_id: UUID, tx: InTx, by: CurrentActor, today: Today, expect: IfMatch, body: SubmissionIn = SUBMISSION
) -> QuoteOut:
    """draft → pending_approval. Those whose approval it needs are asked, and the quote does not change until they have decided.

    One that the owner may give alone, or that is no worse than an earlier version that was approved, is approved at once.
    """
    return await quote_out(tx, by, await commands.submit(tx, quote_id, note=body.note, expect=expect, at=body.at), today)


@router.post("/decisions")
async def decide_quote(quote_id: UUID, body: DecisionIn, tx: InTx, by: CurrentActor, today: Today) -> QuoteOut:
    """Decide one step of the approval, in any order. All approvals make the quote approved; one rejection makes it a draft again.

    `content_hash` takes the place of If-Match. Each step is decided by another person, and never by the owner of the deal or by the
    person who submitted the quote.
    """
    decided = await commands.decide(tx, quote_id, body.step, body.decision, seen=body.content_hash, reason=body.reason, at=body.at)
    return await quote_out(tx, by, decided, today)


@router.post("/decisions/delegate")
async def delegate_quote_decision(quote_id: UUID, body: DelegationIn, tx: InTx, by: CurrentActor, today: Today) -> QuoteOut:
    """Name who decides a step, whatever their role. For whoever could decide it; they still can.

    It is somebody who sees the deal unmasked, does not own it, did not submit the quote and decided no other step.
    """
    return await quote_out(tx, by, await commands.delegate(tx, quote_id, body.step, body.person_id, at=body.at), today)


@router.post("/withdraw-submission")
async def withdraw_quote_submission(
    quote_id: UUID, tx: InTx, by: CurrentActor, today: Today, expect: IfMatch, body: TakingBackIn = TAKING_BACK
) -> QuoteOut:
    """pending_approval → draft, to change it: by who submitted it, or by a manager. What was approved by then is void."""
    return await quote_out(tx, by, await commands.take_back(tx, quote_id, reason=body.reason, expect=expect, at=body.at), today)


@router.post("/send")
async def send_quote(
    quote_id: UUID, tx: InTx, by: CurrentActor, today: Today, expect: IfMatch, body: SubmissionIn = SUBMISSION
) -> QuoteOut:
    """The quote goes to the customer; an earlier version that they had is superseded.

    It is approved, or a draft that needs nobody's approval: that is submitted with it. 409 `needs_approval` says whose it needs, whoever
    sends it.
    """
    return await quote_out(tx, by, await commands.send(tx, quote_id, note=body.note, expect=expect, at=body.at), today)
