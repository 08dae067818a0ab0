"""Setting right what was logged of a contact by a slip, or taking it away. What the lead counts of its contacts follows.

What followed by itself when it was logged stays: a task that was done, a deadline that was met, a lead that was disqualified or taken up
again. A correction starts nothing of its own either.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from lead_svc.interactions import rules
from lead_svc.interactions.fields import InteractionFields
from lead_svc.interactions.queries import ALL, CHANGE, ERASE, contacts
from lead_svc.interactions.record import Interaction
from lead_svc.interactions.rules import CORRECT, REMOVE
from lead_svc.leads.queries import SEEN
from lead_svc.leads.record import Lead
from lead_svc.leads.tables import LEADS
from lead_svc.parties.merged import taken_over
from lead_svc.policy import POLICY, LeadPolicy
from shared.acts import Act
from shared.db.tx import Tx
from shared.errors import NotFound
from shared.events.envelope import Event
from shared.events.lead import LeadInteractionCorrected, LeadInteractionLogged, LeadInteractionRemoved, LeadReactivated, LoggedAs
from shared.occurred import happened
from shared.policy.calendar import calendar_of
from shared.policy.company import COMPANY_POLICY

_LOGGED_FOR = "SELECT subject FROM event WHERE subject = ANY($1::uuid[]) AND type = $2 AND data->>'interaction_id' = $3"
_TAKEN_UP = "SELECT max(time) FROM event WHERE subject = $1 AND type = $2"


async def correct(
    tx: Tx, lead_id: UUID, id: UUID, given: Mapping[str, Any], *, at: datetime | None, expect: int | None
) -> tuple[Interaction, Lead]:
    """The contact as it is right, and its lead. The same again changes nothing, and tells nothing."""
    lead, logged, one = await _found(tx, CORRECT, lead_id, id, expect)
    after = replace(one, **given, at=happened(tx, at) if at else one.at)
    rules.check_outcome(after.direction, after.outcome)
    before, now = asdict(one), asdict(after)
    changed = sorted(name for name in now if now[name] != before[name])
    if not changed:
        return one, lead
    await tx.run(CHANGE, _id=id, **{name: now[name] for name in (*InteractionFields.model_fields, "at")})
    told = LeadInteractionCorrected.of(
        lead,
        interaction_id=id,
        logged_for=await _logged_for(tx, lead, id),
        was=_told_as(one),
        now=_told_as(after),
        outcome=after.outcome,
        changed=changed,
    )
    return after, await _follow(tx, lead, told, logged, [after if each.id == id else each for each in logged])


async def remove(tx: Tx, lead_id: UUID, id: UUID, *, expect: int | None) -> tuple[Interaction, Lead]:
    """The contact that was none, and its lead without it."""
    lead, logged, one = await _found(tx, REMOVE, lead_id, id, expect)
    await tx.run(ERASE, _id=id)
    told = LeadInteractionRemoved.of(lead, interaction_id=id, logged_for=await _logged_for(tx, lead, id), was=_told_as(one))
    return one, await _follow(tx, lead, told, logged, [each for each in logged if each.id != id])


async def _found(
    tx: Tx, act: Act[Lead, LeadPolicy], lead_id: UUID, id: UUID, expect: int | None
) -> tuple[Lead, list[Interaction], Interaction]:
    lead = await SEEN.load(tx, lead_id, expect)
    act.check(lead, tx.actor, facts=tx.policy(POLICY))
    logged = await tx.all(ALL, lead_id=lead.id)
    one = next((each for each in logged if each.id == id), None)
    if one is None:
        raise NotFound("No such contact was logged for this lead.")
    return lead, logged, one


async def _follow(tx: Tx, lead: Lead, told: Event, before: Sequence[Interaction], after: Sequence[Interaction]) -> Lead:
    """The lead as its contacts are now. Attempts without an answer are counted again where the slip made a difference."""
    changes = await contacts(tx, lead)
    calendar = calendar_of(tx.policy(COMPANY_POLICY))
    since = await tx.value(_TAKEN_UP, lead.id, LeadReactivated.type)
    was, now = (rules.unanswered(logged, since, calendar) for logged in (before, after))
    if was != now:
        changes |= {"no_response_count": now.no_response_count, "no_response_on": now.no_response_on}
    return await tx.latest(LEADS, await tx.save(LEADS, lead, told, **changes))


async def _logged_for(tx: Tx, lead: Lead, id: UUID) -> UUID:
    """The lead that told of the contact: this one, or one that was merged into it."""
    found: UUID | None = await tx.value(_LOGGED_FOR, [lead.id, *await taken_over(tx, lead.id)], LeadInteractionLogged.type, str(id))
    return found or lead.id


def _told_as(one: Interaction) -> LoggedAs:
    return LoggedAs(at=one.at, kind=one.kind, direction=one.direction)
