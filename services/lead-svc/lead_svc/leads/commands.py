"""What is done with one lead: its fields, its owner, the step to MQL, and aside and back."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any
from uuid import UUID

from lead_svc.consent.fields import Use
from lead_svc.consent.queries import unmet_of
from lead_svc.leads import rules
from lead_svc.leads.queries import FOLLOWING, SEEN
from lead_svc.leads.record import Lead, Reason, State
from lead_svc.leads.rules import CHANGE, DECLARE_MQL, DISQUALIFY, NURTURE, REACTIVATE
from lead_svc.leads.tables import LEADS
from lead_svc.leads.tasks import WAKE_UP
from lead_svc.parties.queries import SEEN_ACCOUNTS, SEEN_CONTACTS
from lead_svc.policy import POLICY
from shared.access import kinds
from shared.access.kinds import unmasked
from shared.db.tx import Tx
from shared.errors import Invalid, NotFound
from shared.events.envelope import Event
from shared.events.lead import LeadDisqualified, LeadMqlReached, LeadNurtured, LeadReactivated, LeadUpdated
from shared.masking import differences
from shared.occurred import happened
from shared.parties import people
from shared.policy.company import sources_of
from shared.spelling import with_source
from shared.tasks import commands as tasks
from shared.tasks.record import ToDo
from shared.timers import cancel_timers

BATCH = 500
"""Leads that follow their owner in one transaction."""
WAKE = "lead.wake"
"""Set by the release before, which may still be at work while this one migrates: its timer of the wake-up date."""


async def change_lead(tx: Tx, id: UUID, given: Mapping[str, Any], expect: int | None) -> Lead:
    """Change descriptive fields."""
    lead = await SEEN.load(tx, id, expect)
    changes = differences(lead, with_source(given, sources_of(tx)), () if unmasked(kinds.LEADS, tx.actor) else rules.PERSONAL)
    CHANGE.check(lead, tx.actor, facts=tx.policy(POLICY), also=rules.party_unmet(lead, changes))
    if not changes:
        return lead
    await _parties_exist(tx, replace(lead, **changes), changes)
    return await tx.save(LEADS, lead, LeadUpdated.of(replace(lead, **changes), changed=sorted(changes)), **changes)


async def _parties_exist(tx: Tx, lead: Lead, changes: Mapping[str, Any]) -> None:
    for name in ("account_id", "referrer_account_id"):
        if changes.get(name) is not None:
            try:
                await SEEN_ACCOUNTS.get(tx, tx.actor, changes[name])
            except NotFound:
                raise Invalid("There is none, or you may not see it.", pointer=f"/{name}", code="unknown_account") from None
    if changes.get("contact_id") is not None:
        await contact_of(tx, changes["contact_id"], lead.account_id)


async def contact_of(tx: Tx, contact_id: UUID, account_id: UUID | None) -> None:
    """See that the contact is one of this account's. `Invalid` when it is not."""
    try:
        contact = await SEEN_CONTACTS.get(tx, tx.actor, contact_id)
    except NotFound:
        raise Invalid("There is none, or you may not see it.", pointer="/contact_id", code="unknown_contact") from None
    if account_id is not None and contact.account_id != account_id:
        raise Invalid("The contact belongs to another account.", pointer="/contact_id", code="other_account")


# -- Steps -------------------------------------------------------------------------------------------------------------------


async def declare_mql(tx: Tx, id: UUID, *, reason: str, at: datetime | None, expect: int | None) -> Lead:
    lead = await SEEN.load(tx, id, expect)
    when = happened(tx, at)
    DECLARE_MQL.check(lead, tx.actor, facts=tx.policy(POLICY), also=await unmet_of(tx, lead, Use.MQL))
    return await tx.save(LEADS, lead, LeadMqlReached(how="manual", reason=reason), at=when, state=State.MQL)


async def nurture(
    tx: Tx,
    id: UUID,
    *,
    reason: str,
    note: str | None,
    wake_at: datetime | None,
    work: bool = False,
    at: datetime | None,
    expect: int | None,
) -> Lead:
    """Put aside until `wake_at`; a refused MQL goes back to marketing, with or without a date."""
    lead = await SEEN.load(tx, id, expect)
    when = happened(tx, at)
    NURTURE.check(lead, tx.actor, facts=tx.policy(POLICY), also=rules.wake_unmet(lead, wake_at, when, tx.policy(POLICY).longest_wait_days))
    told = LeadNurtured(reason=reason, wake_at=wake_at, from_state=lead.state)
    saved = await tx.save(LEADS, lead, told, at=when, state=State.NURTURING, reason=reason, note=note, wake_at=wake_at)
    if wake_at is not None:
        await tasks.put(tx, WAKE_UP, [ToDo(lead.id, wake_at, reason, when)], asked=work)
    return saved


async def disqualify(tx: Tx, id: UUID, *, reason: Reason, note: str | None, at: datetime | None, expect: int | None) -> Lead:
    lead = await SEEN.load(tx, id, expect)
    when = happened(tx, at)
    DISQUALIFY.check(lead, tx.actor, facts=tx.policy(POLICY), also=rules.reason_unmet(reason, note, tx.actor))
    told, changes = disqualification(lead, reason, note)
    return await tx.save(LEADS, lead, told, at=when, **changes)


def disqualification(
    lead: Lead, reason: Reason, note: str | None = None, *, policy_version: int | None = None
) -> tuple[Event, dict[str, Any]]:
    """The event and the changes of a disqualification."""
    told = LeadDisqualified(reason=reason, from_state=lead.state, policy_version=policy_version)
    return told, {"state": State.DISQUALIFIED, "reason": reason, "note": note}


async def reactivate(tx: Tx, id: UUID, *, reason: str, at: datetime | None, expect: int | None) -> Lead:
    """Back to captured, with a fresh count of contacts."""
    lead = await SEEN.load(tx, id, expect)
    when = happened(tx, at)
    REACTIVATE.check(lead, tx.actor, facts=tx.policy(POLICY))
    told, changes = reactivation(lead, reason)
    await cancel_timers(tx, lead.id, WAKE)
    return await tx.save(LEADS, lead, told, at=when, **changes)


def reactivation(lead: Lead, reason: str) -> tuple[Event, dict[str, Any]]:
    """The event and the changes of a reactivation."""
    return LeadReactivated(reason=reason, from_state=lead.state), {
        "state": State.CAPTURED,
        "reactivations": lead.reactivations + 1,
        "no_response_count": 0,
        "no_response_on": None,
        "reason": None,
        "note": None,
        "wake_at": None,
    }


# -- Ownership ---------------------------------------------------------------------------------------------------------------


async def follow_owner(tx: Tx, owner_id: UUID, *, at: datetime) -> bool:
    """Take a batch of leads along into the team that their owner is in now; whether there may be more of them."""
    team_id = await people.team_of(tx, owner_id)
    left = await tx.all(FOLLOWING, owner_id=owner_id, team_id=team_id, limit=BATCH)
    moved = [replace(lead, team_id=team_id, updated_at=tx.now) for lead in left]
    await tx.save_many(LEADS, [(lead, [(LeadUpdated.of(lead, changed=["team_id"]), at)]) for lead in moved])
    return len(left) == BATCH
