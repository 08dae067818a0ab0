"""Routes that set right what was recorded about a deal by a slip, or take it away.

If-Match is the deal's version, as of all that hangs on it; each answer carries the new one.
"""

from uuid import UUID

from fastapi import APIRouter

from deal_svc.discovery.api import MemberFields, MemberOut, NeedsOut, Number, ProposalFields, ProposalOut, SpinFields, SpinOut
from deal_svc.discovery.corrections import COMMITTEE, PROPOSALS, SPIN, correct, remove, withdraw_needs
from shared.auth import CurrentActor
from shared.http.edge import ClinchRoute, IfMatch, InTx
from shared.http.patch import Patch

router = APIRouter(prefix="/v1/deals/{deal_id}", tags=["deals"], route_class=ClinchRoute)


class SpinPatch(Patch, SpinFields):
    pass


class MemberPatch(Patch, MemberFields):
    pass


class ProposalPatch(Patch, ProposalFields):
    pass


@router.patch("/spin/{spin_id}")
async def correct_spin(deal_id: UUID, spin_id: UUID, body: SpinPatch, tx: InTx, by: CurrentActor, expect: IfMatch) -> SpinOut:
    """Set an entry of the SPIN record right; who recorded it and when stays."""
    entry, deal = await correct(tx, SPIN, deal_id, spin_id, body.given(), expect=expect)
    return SpinOut.of(entry, by, deal)


@router.delete("/spin/{spin_id}")
async def remove_spin(deal_id: UUID, spin_id: UUID, tx: InTx, by: CurrentActor, expect: IfMatch) -> SpinOut:
    """Remove an entry of the SPIN record; its text is erased. The gates of the stages ahead no longer count it."""
    entry, deal = await remove(tx, SPIN, deal_id, spin_id, expect=expect)
    return SpinOut.of(entry, by, deal)


@router.delete("/needs-confirmation")
async def withdraw_needs_confirmation(deal_id: UUID, tx: InTx, expect: IfMatch) -> NeedsOut:
    """Take back that the customer confirmed the needs. The gate to the stage `proposal` asks for it again."""
    return NeedsOut.of(await withdraw_needs(tx, deal_id, expect=expect))


@router.patch("/contacts/{contact_id}")
async def correct_committee_member(
    deal_id: UUID, contact_id: UUID, body: MemberPatch, tx: InTx, by: CurrentActor, expect: IfMatch
) -> MemberOut:
    """Set right what part somebody has in the buying committee."""
    member, deal = await correct(tx, COMMITTEE, deal_id, contact_id, body.given(), expect=expect)
    return MemberOut.of(member, by, deal)


@router.delete("/contacts/{contact_id}")
async def remove_committee_member(deal_id: UUID, contact_id: UUID, tx: InTx, by: CurrentActor, expect: IfMatch) -> MemberOut:
    """Take somebody off the buying committee; the contact itself stays with its account."""
    member, deal = await remove(tx, COMMITTEE, deal_id, contact_id, expect=expect)
    return MemberOut.of(member, by, deal)


@router.patch("/proposals/{number}")
async def correct_proposal(deal_id: UUID, number: Number, body: ProposalPatch, tx: InTx, by: CurrentActor, expect: IfMatch) -> ProposalOut:
    """Set a version of the proposal right that the customer has not seen. One that was presented stays: draft a new one."""
    given = body.given()
    if "points" in given:
        given["points"] = [point.model_dump() for point in body.points]
    proposal, deal = await correct(tx, PROPOSALS, deal_id, number, given, expect=expect)
    return ProposalOut.of(proposal, by, deal)


@router.delete("/proposals/{number}")
async def remove_proposal(deal_id: UUID, number: Number, tx: InTx, by: CurrentActor, expect: IfMatch) -> ProposalOut:
    """Remove a version of the proposal that the customer has not seen."""
    proposal, deal = await remove(tx, PROPOSALS, deal_id, number, expect=expect)
    return ProposalOut.of(proposal, by, deal)
