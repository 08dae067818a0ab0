"""`/v1/leads/{id}/interactions`: what was said, and when."""

from dataclasses import asdict
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends

from lead_svc.interactions import commands, corrections
from lead_svc.interactions.fields import InteractionFields
from lead_svc.interactions.queries import LIST, OF_LEAD, InteractionOut
from lead_svc.interactions.rules import LOG, NOTES
from lead_svc.leads.queries import SEEN
from shared.access.kinds import LEADS, unmasked
from shared.auth import CurrentActor
from shared.fields import When
from shared.http.body import Body
from shared.http.edge import ClinchRoute, IfMatch, InTx, Reading
from shared.http.listing import Page, PageRequest
from shared.http.patch import Patch
from shared.http.permit import permitted
from shared.masking import masked

router = APIRouter(prefix="/v1/leads", tags=["leads"], route_class=ClinchRoute)


class InteractionIn(InteractionFields, Body):
    at: When = None


class InteractionPatch(Patch, InteractionFields):
    at: When = None


AT = frozenset({"at"})


class LoggedOut(InteractionOut):
    """`lead_version` is the lead's version with the contact, and with what followed from it."""

    lead_version: int


@router.post("/{lead_id}/interactions", status_code=201, dependencies=[permitted(LOG)])
async def log_interaction(lead_id: UUID, body: InteractionIn, tx: InTx, by: CurrentActor) -> LoggedOut:
    """Log a contact with the customer. It appends, so it needs no If-Match.

    An outbound attempt without response counts at most once per working day. By default the third in a row disqualifies the lead
    (`no_response_3`); any response starts the count again. A customer who comes back unasked reactivates a nurtured lead, and one
    that was disqualified for want of an answer.
    """
    made, lead = await commands.log(tx, lead_id, body, at=body.at)
    return LoggedOut(**asdict(made), lead_version=lead.version)


@router.patch("/{lead_id}/interactions/{interaction_id}")
async def correct_interaction(lead_id: UUID, interaction_id: UUID, body: InteractionPatch, tx: InTx, expect: IfMatch) -> LoggedOut:
    """Set right what was logged of a contact. If-Match is the lead's version.

    The lead's counts and the figures follow. What followed by itself when it was logged stays: tasks that were done, deadlines that were
    met, a disqualification.
    """
    made, lead = await corrections.correct(tx, lead_id, interaction_id, body.given(without=AT), at=body.at, expect=expect)
    return LoggedOut(**asdict(made), lead_version=lead.version)


@router.delete("/{lead_id}/interactions/{interaction_id}")
async def remove_interaction(lead_id: UUID, interaction_id: UUID, tx: InTx, expect: IfMatch) -> LoggedOut:
    """Remove a contact that was logged by a slip; what was noted of it is erased. The lead's counts and the figures follow."""
    gone, lead = await corrections.remove(tx, lead_id, interaction_id, expect=expect)
    return LoggedOut(**asdict(gone), lead_version=lead.version)


@router.get("/{lead_id}/interactions")
async def list_interactions(
    lead_id: UUID, page: Annotated[PageRequest, Depends(LIST.params)], db: Reading, by: CurrentActor
) -> Page[InteractionOut]:
    """The contacts with this lead, newest first; `q` searches what was said."""
    lead = await SEEN.get(db, by, lead_id)
    each = None if unmasked(LEADS, by) else _hidden
    return await LIST.page(db, page, where=OF_LEAD, params={"lead_id": lead.id}, each=each)


def _hidden(interaction: InteractionOut) -> InteractionOut:
    return interaction.model_copy(update=masked(vars(interaction), NOTES))
