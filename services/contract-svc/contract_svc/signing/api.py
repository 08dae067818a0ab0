"""Routes from draft to signature."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Query
from pydantic import Field

from contract_svc.answers import ContractOut
from contract_svc.contracts.api import ReasonedStepIn, SignerIn, Signers, StepIn
from contract_svc.contracts.record import ReviewPart
from contract_svc.signing import commands, queries
from contract_svc.signing.queries import ContractApprovalItem
from shared.approvals.record import Decision
from shared.auth import CurrentActor
from shared.fields import Day, Reason, Time
from shared.http.body import Body
from shared.http.edge import ClinchRoute, IfMatch, InTx, Reading
from shared.http.listing import Page, PageRequest
from shared.sentences import written

router = APIRouter(prefix="/v1/contracts/{contract_id}", tags=["contracts"], route_class=ClinchRoute)


approvals = APIRouter(prefix="/v1/contracts/approvals", tags=["contracts"], route_class=ClinchRoute)


class ReviewIn(StepIn):
    part: ReviewPart
    decision: Decision
    content_hash: Annotated[
        str,
        written("^[0-9a-f]{64}$", "Send the content_hash that the contract shows: 64 hex digits."),
        Field(description="Of the content that was reviewed, as the contract shows it"),
    ]
    reason: Annotated[Reason | None, Field(description="Needed for a rejection")] = None


class DelegateIn(StepIn):
    part: ReviewPart
    person_id: Annotated[UUID, Field(description="Who decides it, on the roster; your own id takes it for yourself")]


class WithdrawIn(StepIn):
    reason: Reason | None = None


class SendIn(StepIn):
    signers: Annotated[Signers | None, Field(description="Left out: those that the draft names")] = None
    sign_by: Annotated[Day | None, Field(description="The last day to sign; left out: that of the draft or of the policy, if any")] = None


class SignIn(Body):
    signers: Annotated[Signers | None, Field(description="Who signed; left out: all that are named")] = None
    signed_at: Annotated[Time | None, Field(description="When the last of them signed, if not now; never in the future")] = None
    starts_on: Annotated[Day | None, Field(description="When it takes effect; by default on the day of the signature")] = None
    ends_on: Day | None = None


NOW, SEND, SIGN, WITHDRAW = StepIn(), SendIn(), SignIn(), WithdrawIn()


Mine = Annotated[bool, Query(description="Only those that wait for you: by your role, or delegated to you, and not of your own contracts")]


@approvals.get("")
async def list_contract_approvals(
    page: Annotated[PageRequest, Depends(queries.LIST.params)], db: Reading, by: CurrentActor, mine: Mine = False
) -> Page[ContractApprovalItem]:
    """Parts of reviews that nobody has decided yet, of contracts that you see; those that are due first come first."""
    where, params = queries.asked(by, mine=mine)
    return await queries.LIST.page(db, page, where=where, params=params)


def _names(signers: list[SignerIn] | None) -> list[dict[str, Any]] | None:
    return None if signers is None else [s.model_dump(mode="json") for s in signers]


@router.post("/submit")
async def submit_contract(contract_id: UUID, tx: InTx, by: CurrentActor, expect: IfMatch, body: StepIn = NOW) -> ContractOut:
    """draft → in_review, by the owner or a manager.

    All five parts have text, and the milestones add up to the total.
    """
    return await ContractOut.of(await commands.submit(tx, contract_id, expect=expect, at=body.at), by, tx)


@router.post("/reviews")
async def review_contract(contract_id: UUID, body: ReviewIn, tx: InTx, by: CurrentActor) -> ContractOut:
    """Decide as legal, finance or manager, in any order. `review_parts` names those that the contract needs.

    Their approvals make the contract approved; one rejection makes it a draft again.
    `content_hash` takes the place of If-Match. Each part is given by another person, and never by the owner of the deal or by
    the person who submitted the contract. A director can stand in for the manager, and whom a part was delegated to for anybody.
    """
    decided = await commands.review(tx, contract_id, body.part, body.decision, reviewed=body.content_hash, reason=body.reason, at=body.at)
    return await ContractOut.of(decided, by, tx)


@router.post("/reviews/delegate")
async def delegate_contract_review(contract_id: UUID, body: DelegateIn, tx: InTx, by: CurrentActor) -> ContractOut:
    """Name who decides a part of the review, whatever their role. For whoever could decide it; they still can.

    It is somebody who sees the contract unmasked, does not own it, did not submit it and gave no other part.
    """
    return await ContractOut.of(await commands.delegate(tx, contract_id, body.part, body.person_id, at=body.at), by, tx)


@router.post("/withdraw")
async def withdraw_contract(contract_id: UUID, tx: InTx, by: CurrentActor, expect: IfMatch, body: WithdrawIn = WITHDRAW) -> ContractOut:
    """in_review → draft, to change it: by who submitted it, or by its owner. What was approved by then is void."""
    return await ContractOut.of(await commands.withdraw(tx, contract_id, reason=body.reason, expect=expect, at=body.at), by, tx)


@router.post("/send-for-signature")
async def send_contract(contract_id: UUID, tx: InTx, by: CurrentActor, expect: IfMatch, body: SendIn = SEND) -> ContractOut:
    """approved → out_for_signature, by the owner, a manager or an assistant.

    As many core clauses are marked as the policy named when it was drafted (three by default), signers are named.
    """
    sent = await commands.send(tx, contract_id, signers=_names(body.signers), sign_by=body.sign_by, expect=expect, at=body.at)
    return await ContractOut.of(sent, by, tx)


@router.post("/sign")
async def sign_contract(contract_id: UUID, tx: InTx, by: CurrentActor, expect: IfMatch, body: SignIn = SIGN) -> ContractOut:
    """out_for_signature → signed, in person. Everybody named has signed in time.

    The owner, a manager or an assistant records it. The deal is won, and the first milestone falls due.
    The contract is active at once if its first day has come.
    """
    signed = await commands.sign(
        tx,
        contract_id,
        signers=_names(body.signers),
        signed_at=body.signed_at,
        starts_on=body.starts_on,
        ends_on=body.ends_on,
        expect=expect,
    )
    return await ContractOut.of(signed, by, tx)


@router.post("/decline")
async def decline_contract(contract_id: UUID, body: ReasonedStepIn, tx: InTx, by: CurrentActor, expect: IfMatch) -> ContractOut:
    """out_for_signature → draft: the customer does not sign it as it is."""
    return await ContractOut.of(await commands.decline(tx, contract_id, reason=body.reason, expect=expect, at=body.at), by, tx)


@router.post("/void")
async def void_contract(contract_id: UUID, body: ReasonedStepIn, tx: InTx, by: CurrentActor, expect: IfMatch) -> ContractOut:
    """Give the contract up. Before the signature the owner or a manager does it.

    After the signature, until the contract takes effect, a director does it, and the win of the deal is taken back.
    """
    return await ContractOut.of(await commands.void(tx, contract_id, reason=body.reason, expect=expect, at=body.at), by, tx)
