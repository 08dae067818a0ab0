"""`/v1/leads/{id}/merge`, `unmerge` and `merges`: two leads that are the same become one, and two again."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter
from pydantic import Field

from lead_svc.answers import LeadOut, answered
from lead_svc.leads.queries import SEEN
from lead_svc.leads.record import Lead
from lead_svc.leads.tables import LEADS
from lead_svc.merging import commands, rules
from lead_svc.merging.answers import MergeOut, MergesOut
from lead_svc.merging.queries import merges_of
from lead_svc.merging.record import Merge
from shared.auth import CurrentActor
from shared.fields import Reason
from shared.http.body import Body
from shared.http.edge import ClinchRoute, IfMatch, InTx, Reading

router = APIRouter(prefix="/v1/leads", tags=["leads"], route_class=ClinchRoute)

_TAKE = "Fields whose value is the absorbed lead's. Of the others the survivor keeps its own, and takes the other's where it has none."


class MergeLead(Body):
    """The lead of the path survives. `origin`: what brought the customer first; unless chosen, that of whichever was captured first."""

    absorbed_id: Annotated[UUID, Field(description="The lead that is the same.")]
    take: Annotated[list[rules.Field], Field(default=[], description=_TAKE, max_length=15)]
    keep: Annotated[
        list[rules.Field], Field(default=[], description="Fields that stay as the survivor has them, also empty.", max_length=15)
    ]
    reason: Reason | None = None


class MergedLead(LeadOut):
    """The survivor, or the lead that was given back."""

    merge: MergeOut
    left: list[str] = Field(description="Fields of the absorbed lead whose values the survivor has not: read them there.")


@router.post("/{lead_id}/merge")
async def merge_lead(lead_id: UUID, body: MergeLead, tx: InTx, expect: IfMatch) -> MergedLead:
    """Take over another lead that is the same, with all that hangs on it: by a manager who sees both, or sales operations.

    The other one still answers, as `merged`, and nothing is done with it any more. A dry run shows what would become of the survivor.
    """
    given = body.model_dump(exclude={"absorbed_id"})
    survivor, merge = await commands.merge(tx, lead_id, body.absorbed_id, expect=expect, **given)
    return await _answered(tx, survivor, merge, left=rules.left(survivor, await tx.get(LEADS, body.absorbed_id)))


@router.post("/{lead_id}/unmerge")
async def unmerge_lead(lead_id: UUID, tx: InTx, expect: IfMatch) -> MergedLead:
    """Undo the merge that took this lead over. It gets back what came from it; what happened since stays with the survivor, and a field
    that was edited since keeps the edit."""
    restored, merge = await commands.unmerge(tx, lead_id, expect=expect)
    return await _answered(tx, restored, merge, left=[])


@router.get("/{lead_id}/merges")
async def list_lead_merges(lead_id: UUID, db: Reading, by: CurrentActor) -> MergesOut:
    """The merges of this lead, as the survivor and as the absorbed one, also those that were undone."""
    lead = await SEEN.get(db, by, lead_id)
    return MergesOut(items=[MergeOut.of(merge) for merge in await merges_of(db, lead.id)])


async def _answered(tx: Any, lead: Lead, merge: Merge, *, left: list[str]) -> MergedLead:
    return MergedLead.model_construct(**vars(await answered(tx, lead)), merge=MergeOut.of(merge), left=left)
