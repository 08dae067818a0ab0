"""`GET /v1/leads/{id}/timeline`."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends
from pydantic import Field

from lead_svc.automation.queries import IDS_OF_LEAD as FIRINGS_OF_LEAD
from lead_svc.consent.queries import of_person
from lead_svc.forms.queries import IDS_OF_LEAD as SUBMISSIONS_OF_LEAD
from lead_svc.interactions.queries import BY_IDS
from lead_svc.interactions.rules import all_said
from lead_svc.leads.queries import SEEN
from lead_svc.leads.record import Lead
from lead_svc.parties.merged import taken_over
from lead_svc.scoring.queries import IDS_OF_LEAD as SCORES_OF_LEAD
from lead_svc.signals.queries import IDS_OF_LEAD as SIGNALS_OF_LEAD
from lead_svc.timeline.rules import summary
from shared.access.kinds import LEADS, unmasked
from shared.auth import CurrentActor
from shared.db.tx import Reader
from shared.events.lead import LeadBantUpdated, LeadInteractionLogged
from shared.http.edge import ClinchRoute, Reading
from shared.http.listing import Page, PageRequest
from shared.http.timeline import TIMELINE, TimelineEntry, timeline

_PARTS = (SUBMISSIONS_OF_LEAD, FIRINGS_OF_LEAD, SIGNALS_OF_LEAD, SCORES_OF_LEAD)
router = APIRouter(prefix="/v1/leads", tags=["leads"], route_class=ClinchRoute)


class LeadTimelineEntry(TimelineEntry):
    """The event, in words; `text` is what was said then, for those who may see it."""

    summary: str = Field(examples=["Qualified as SQL with a BANT score of 75"])
    text: str | None


@router.get("/{lead_id}/timeline")
async def lead_timeline(
    lead_id: UUID, page: Annotated[PageRequest, Depends(TIMELINE.params)], db: Reading, by: CurrentActor
) -> Page[LeadTimelineEntry]:
    """Everything that happened to the lead, newest first, and to the leads that were merged into it.

    With its newest signals, its scores, and what its person allows.
    """
    lead = await SEEN.get(db, by, lead_id)
    parts = [id for ids in _PARTS for id in await db.all(ids, lead_id=lead.id)]
    # What was declared under another lead of the person names that lead, which not everybody sees.
    parts += [consent.id for consent in await of_person(db, lead) if consent.lead_id in (lead.id, None)]
    found = await timeline(db, page, [lead.id, *parts, *await taken_over(db, lead.id)], TimelineEntry)
    texts = await _texts(db, lead, found.items) if unmasked(LEADS, by) else {}
    items = [LeadTimelineEntry(**vars(e), summary=summary(e.type, e.data), text=texts.get(e.id)) for e in found.items]
    return Page[LeadTimelineEntry].model_construct(items=items, next_cursor=found.next_cursor, count=found.count)


async def _texts(db: Reader, lead: Lead, entries: list[TimelineEntry]) -> dict[UUID, str]:
    """What was said at interactions, and the evidence of what BANT says now: texts that no event carries."""
    logged_by = {e.id: e.data.get("interaction_id") for e in entries if e.type == LeadInteractionLogged.type}
    asked = {UUID(interaction): entry for entry, interaction in logged_by.items() if interaction}
    logged = await db.all(BY_IDS, ids=list(asked)) if asked else []
    texts = {asked[interaction.id]: text for interaction in logged if (text := all_said(interaction))}
    for entry in entries:
        found = lead.bant.get(entry.data.get("dimension", "")) if entry.type == LeadBantUpdated.type else None
        if found and found["evidence"] and datetime.fromisoformat(found["at"]) == entry.time:
            texts[entry.id] = found["evidence"]
    return texts
