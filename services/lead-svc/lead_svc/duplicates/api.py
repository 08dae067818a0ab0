"""`/v1/leads/{id}/duplicates` and `/v1/leads/duplicates`: leads that may be the same."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends

from lead_svc.duplicates import commands
from lead_svc.duplicates.answers import DuplicateOut, DuplicatesOut, shown_to
from lead_svc.duplicates.kinds import PairItem
from lead_svc.duplicates.lead_pairs import LEAD_PAIRS
from lead_svc.duplicates.queries import alike
from lead_svc.leads.queries import SEEN
from shared.auth import CurrentActor
from shared.fields import Reason
from shared.http.body import Body
from shared.http.edge import ClinchRoute, IfMatch, InTx, Reading
from shared.http.listing import Page, PageRequest

router = APIRouter(prefix="/v1/leads", tags=["leads"], route_class=ClinchRoute)


class Dismiss(Body):
    reason: Reason | None = None


WITHOUT_A_REASON = Dismiss()


class DuplicateItem(PairItem):
    """A pair of leads. `state`: suspected, dismissed (they are not the same) or cleared (they were changed)."""

    lead_id: UUID


LIST = LEAD_PAIRS.listing(DuplicateItem)


@router.get("/duplicates")
async def list_duplicates(page: Annotated[PageRequest, Depends(LIST.params)], db: Reading, by: CurrentActor) -> Page[DuplicateItem]:
    """Pairs of leads that may be the same and that you both may see, newest first; `state=suspected` are those to be decided."""
    return await LIST.page(db, page, where=LEAD_PAIRS.listed(by), params=LEAD_PAIRS.params(by))


@router.get("/{lead_id}/duplicates")
async def list_lead_duplicates(lead_id: UUID, db: Reading, by: CurrentActor) -> DuplicatesOut:
    """Leads that may be the same as this one, as they are now. Of those that you may not see, only how certain and whom to ask."""
    lead = await SEEN.get(db, by, lead_id)
    found = await alike(db, LEAD_PAIRS, lead.id)
    return DuplicatesOut(items=await shown_to(db, by, DuplicateOut, found.alike), more=found.more)


@router.post("/{lead_id}/duplicates/{other_id}/dismiss")
async def dismiss_duplicate(
    lead_id: UUID, other_id: UUID, tx: InTx, by: CurrentActor, expect: IfMatch, body: Dismiss = WITHOUT_A_REASON
) -> DuplicateOut:
    """The two are not the same, and are not suspected again: a manager who sees both, or sales operations. The version is the pair's."""
    return DuplicateOut.of(await commands.dismiss(tx, LEAD_PAIRS, lead_id, other_id, reason=body.reason, expect=expect), by)


@router.post("/{lead_id}/duplicates/{other_id}/reopen")
async def reopen_duplicate(lead_id: UUID, other_id: UUID, tx: InTx, by: CurrentActor, expect: IfMatch) -> DuplicateOut:
    """Takes back that the two are not the same."""
    return DuplicateOut.of(await commands.reopen(tx, LEAD_PAIRS, lead_id, other_id, expect=expect), by)
