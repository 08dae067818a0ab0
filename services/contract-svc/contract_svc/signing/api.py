"""Routes from draft to signature."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends
from pydantic import Field

from contract_svc.contracts.api import Act, ContractOut, ReasonedAct, Signers, contract_out
from contract_svc.contracts.rules import PREPARING, SELLING
from contract_svc.signing import commands
from contract_svc.signing.rules import REVIEWING, Decision, ReviewPart
from shared.auth import CurrentActor, require
from shared.fields import Day, Reason, Time
from shared.http.body import Body
from shared.http.edge import ClinchRoute, IfMatch, InTx
from shared.sentences import written

router = APIRouter(prefix="/v1/contracts/{contract_id}", tags=["contracts"], route_class=ClinchRoute)
Selling = Depends(require(*SELLING))
Preparing = Depends(require(*PREPARING))
NOW = Act()


class ReviewIn(Act):
    part: ReviewPart
    decision: Decision
    content_hash: Annotated[
        str,
        written("^[0-9a-f]{64}$", "Send the content_hash that the contract shows: 64 hex digits."),
        Field(description="Of the content that was reviewed, as the contract shows it"),
    ]
    reason: Annotated[Reason | None, Field(description="Needed for a rejection")] = None


class SendIn(Act):
    signers: Annotated[Signers | None, Field(description="Left out: those that the draft names")] = None
    sign_by: Annotated[Day | None, Field(description="The last day to sign; left out: that of the draft, if any")] = None


class SignIn(Body):
    signers: Annotated[Signers | None, Field(description="Who signed; left out: all that are named")] = None
    signed_at: Annotated[Time | None, Field(description="When the last of them signed, if not now; never in the future")] = None
    starts_on: Annotated[Day | None, Field(description="When it takes effect; by default on the day of the signature")] = None
    ends_on: Day | None = None


SEND, SIGN = SendIn(), SignIn()


@router.post("/submit", response_model=ContractOut, dependencies=[Selling])
async def submit_contract(contract_id: UUID, tx: InTx, by: CurrentActor, expect: IfMatch, body: Act = NOW) -> Any:
    """draft → in_review, by the owner or a manager: the five parts are there, the milestones add up (C2)."""
    return await contract_out(tx, by, await commands.submit(tx, contract_id, expect=expect, at=body.at))


@router.post("/reviews", response_model=ContractOut, dependencies=[Depends(require(*REVIEWING))])
async def review_contract(contract_id: UUID, body: ReviewIn, tx: InTx, by: CurrentActor) -> Any:
    """Decide as legal, finance or manager, in any order (C1). All three approvals: approved. One rejection: a draft again.
    `content_hash` takes the place of If-Match. Each part is given by another person, never by the owner of the deal or by whoever
    submitted the contract; a director stands in for the manager."""
    contract = await commands.review(
        tx, contract_id, body.part, body.decision, content_hash=body.content_hash, reason=body.reason, at=body.at
    )
    return await contract_out(tx, by, contract)


@router.post("/send-for-signature", response_model=ContractOut, dependencies=[Preparing])
async def send_contract(contract_id: UUID, tx: InTx, by: CurrentActor, expect: IfMatch, body: SendIn = SEND) -> Any:
    """approved → out_for_signature, by the owner, a manager or an assistant: three core clauses marked (C4), signers named."""
    signers = None if body.signers is None else [s.model_dump(mode="json") for s in body.signers]
    contract = await commands.send(tx, contract_id, signers=signers, sign_by=body.sign_by, expect=expect, at=body.at)
    return await contract_out(tx, by, contract)


@router.post("/sign", response_model=ContractOut, dependencies=[Preparing])
async def sign_contract(contract_id: UUID, tx: InTx, by: CurrentActor, expect: IfMatch, body: SignIn = SIGN) -> Any:
    """out_for_signature → signed, in person: recorded by the owner, a manager or an assistant. All named have signed, in time.
    The deal is won by it and the first milestone falls due; it is active at once when the effective date is here."""
    signers = None if body.signers is None else [s.model_dump(mode="json") for s in body.signers]
    contract = await commands.sign(
        tx, contract_id, signers=signers, signed_at=body.signed_at, starts_on=body.starts_on, ends_on=body.ends_on, expect=expect
    )
    return await contract_out(tx, by, contract)


@router.post("/decline", response_model=ContractOut, dependencies=[Preparing])
async def decline_contract(contract_id: UUID, body: ReasonedAct, tx: InTx, by: CurrentActor, expect: IfMatch) -> Any:
    """out_for_signature → draft: the customer does not sign it as it is."""
    return await contract_out(tx, by, await commands.decline(tx, contract_id, reason=body.reason, expect=expect, at=body.at))


@router.post("/void", response_model=ContractOut, dependencies=[Selling])
async def void_contract(contract_id: UUID, body: ReasonedAct, tx: InTx, by: CurrentActor, expect: IfMatch) -> Any:
    """Give it up: before the signature by the owner or a manager; after it, until it takes effect, by a director, and the win of the
    deal is taken back."""
    return await contract_out(tx, by, await commands.void(tx, contract_id, reason=body.reason, expect=expect, at=body.at))
