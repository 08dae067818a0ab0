"""What people do with a lead, and what each step needs. Pure: values in, unmet guards out."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from lead_svc.leads.fields import LeadData
from lead_svc.leads.record import CLOSED, HELD, LEAD, OPEN, Lead, Reason, State
from lead_svc.policy import LeadPolicy
from shared.acts import Act, who
from shared.auth.actor import LEADERS, OWNERS, SELLERS, Actor, Role
from shared.backdating import backdate
from shared.errors import Pending, Unmet
from shared.events.lead import LeadAssigned, LeadDisqualified, LeadMqlReached, LeadNurtured, LeadReactivated, LeadUpdated
from shared.fields import personal
from shared.masking import masked

NO_RESPONSE = Reason.NO_RESPONSE_3.value
WORKING = who(*LEADERS, own=OWNERS)
"""Who works on a lead: its owner, and those who lead the owner."""


# -- Acts --------------------------------------------------------------------------------------------------------------------


def _reactivate_needs(lead: Lead, policy: LeadPolicy, actor: Actor) -> list[Unmet]:
    """A disqualified lead: a manager takes it up again, marketing only when nobody had answered. Never after an opt-out."""
    if lead.state is not State.DISQUALIFIED:
        return []
    unmet = [Unmet("opted_out", "The customer opted out of being contacted.")] if lead.reason == Reason.OPT_OUT else []
    if actor.has(*LEADERS) or (lead.reason == NO_RESPONSE and actor.has(Role.marketing, Role.system)):
        return unmet
    return [Unmet("role", "Only a manager may take up a disqualified lead again; marketing may when nobody had answered."), *unmet]


def _may_still_assign(lead: Lead, actor: Actor) -> bool:
    return lead.state not in CLOSED or actor.has(*LEADERS, Role.sales_ops, Role.system)


def _assign_needs(lead: Lead, policy: LeadPolicy, actor: Actor) -> list[Unmet]:
    if _may_still_assign(lead, actor):
        return []
    return [Unmet("closed", "The lead is closed: only those above its owner give it to somebody else.")]


def _to_assign(lead: Lead, actor: Actor) -> dict[str, Any]:
    return {"owner_id": None if lead.owner_id == actor.id else str(actor.id)}


CHANGE = Act(
    of=LEAD,
    name="change",
    operation="change_lead",
    who=who(*LEADERS, Role.marketing, Role.ops, Role.sales_ops, own=OWNERS, unowned=SELLERS, scope="leads:write"),
    tells=(LeadUpdated,),
    refused="The lead cannot be changed like this.",
    code="cannot_change",
    says="Changes what describes the lead.",
    asks="Account and contact stay once it is handed over.",
    sample=lambda *_: {"title": "CRM, 40 seats"},
)
DECLARE_MQL = Act(
    of=LEAD,
    name="mql",
    operation="declare_mql",
    who=who(Role.marketing, *LEADERS),
    states=(State.CAPTURED,),
    to=(State.MQL,),
    tells=(LeadMqlReached,),
    refused="The lead cannot become an MQL now.",
    code="cannot_declare_mql",
    says="Marketing hands the lead to sales, with a reason.",
    sample=lambda *_: {"reason": "asked for the price list"},
)
NURTURE = Act(
    of=LEAD,
    name="nurture",
    operation="nurture_lead",
    who=WORKING,
    states=HELD,
    to=(State.NURTURING,),
    tells=(LeadNurtured,),
    refused="The lead cannot be nurtured like this.",
    code="cannot_nurture",
    says="Puts the lead aside until a day; from MQL this is sales refusing it.",
    asks="A day within the longest wait, by default ten years; a refused MQL needs none.",
    sample=lambda lead, _: {"reason": "no budget this year", "wake_at": (lead.updated_at + timedelta(days=30)).isoformat()},
)
DISQUALIFY = Act(
    of=LEAD,
    name="disqualify",
    operation="disqualify_lead",
    bulk=True,
    who=WORKING,
    states=HELD,
    to=(State.DISQUALIFIED,),
    tells=(LeadDisqualified,),
    refused="The lead cannot be disqualified like this.",
    code="cannot_disqualify",
    says="Gives the lead up, with a reason. By default three contacts in a row without a response do so by themselves.",
    asks="A note for the reason `other`; `no_response_3` is counted, never given by hand.",
    sample=lambda *_: {"reason": Reason.NEED_MISMATCH},
)
REACTIVATE = Act(
    of=LEAD,
    name="reactivate",
    operation="reactivate_lead",
    who=who(*LEADERS, Role.marketing, own=OWNERS),
    states=(State.NURTURING, State.DISQUALIFIED),
    to=(State.CAPTURED,),
    needs=_reactivate_needs,
    tells=(LeadReactivated,),
    refused="The lead cannot be reactivated like this.",
    code="cannot_reactivate",
    says="Takes up again a lead that was put aside or given up, with a fresh count of contacts.",
    asks="No opt-out. A disqualified lead needs a manager, or marketing when nobody had answered.",
    sample=lambda *_: {"reason": "came to our stand"},
)
ASSIGN = Act(
    of=LEAD,
    name="assign",
    operation="assign_lead",
    bulk=True,
    who=who(*LEADERS, Role.sales_ops, own=OWNERS, unowned=SELLERS),
    states=(*OPEN, State.CONVERTED, State.DISQUALIFIED),
    needs=_assign_needs,
    tells=(LeadAssigned,),
    refused="The lead cannot be assigned like this.",
    code="cannot_assign",
    not_owner=Unmet("not_owner", "Only the owner, a manager, or for a lead of the pool a seller may do this."),
    says="Gives the lead to a person, or back to the pool. A seller claims from the pool and releases their own.",
    asks="A manager assigns within their teams, a director or admin to anybody. A closed lead gets another owner from those above.",
    sample=_to_assign,
)


# -- What a body decides -----------------------------------------------------------------------------------------------------


def party_unmet(lead: Lead, changes: Mapping[str, Any]) -> list[Unmet]:
    if lead.state in (State.CONVERTING, State.CONVERTED) and {"account_id", "contact_id"} & changes.keys():
        over = Unmet("converted", "The lead is handed over: its account and contact cannot change.")
        return [Pending(over.code, over.message) if lead.state is State.CONVERTING else over]
    return []


def wake_unmet(lead: Lead, wake_at: datetime | None, at: datetime, longest_days: int) -> list[Unmet]:
    """A wake-up date; a refused MQL goes back to marketing and needs none."""
    if wake_at is None:
        return [] if lead.state is State.MQL else [Unmet("wake_at", "Say when to look at it again.")]
    if wake_at > at + timedelta(days=longest_days):
        return [Unmet("wake_at_far", f"The wake-up date must lie within {longest_days} days.")]
    return [] if wake_at > at else [Unmet("wake_at_past", "The wake-up date must lie after the time of the change.")]


def reason_unmet(reason: Reason, note: str | None, actor: Actor) -> list[Unmet]:
    if reason is Reason.NO_RESPONSE_3 and not actor.has(Role.system):
        return [Unmet("counted_reason", "This reason is given by the count of contacts without response, not by hand.")]
    return [Unmet("note", "Say in a note what the other reason is.")] if reason is Reason.OTHER and not note else []


def hand_over_unmet(lead: Lead, actor: Actor, to: UUID | None, *, in_reach: bool) -> list[Unmet]:
    """`in_reach`: whether the new owner is in the actor's teams."""
    if to == lead.owner_id:
        return [Unmet("same_owner", "The lead has this owner already.")]
    if not _may_still_assign(lead, actor):
        return []  # the act says so itself
    if to is None and lead.state in CLOSED:
        return [Unmet("closed_lead", "A closed lead is not for the pool; name its new owner.")]
    if to is None or to == actor.id or actor.has(Role.director, Role.admin, Role.sales_ops):
        return []
    if not actor.has(Role.manager, Role.regional_head):
        return [Unmet("not_manager", "A seller can claim or release a lead, but not hand it to somebody else.")]
    return [] if in_reach else [Unmet("not_in_team", "The new owner is not in your teams.")]


BACKDATE = backdate(LEAD)

# -- What masked roles see ---------------------------------------------------------------------------------------------------

PERSONAL = personal(LeadData)


def shown_in_list(lead: Mapping[str, Any], *, to_masked: bool) -> dict[str, Any]:
    """The columns of a `LeadItem` as somebody sees them who may, or may not, see personal data."""
    return {**lead, "flags": sorted(lead["flags"]), **(masked(lead, PERSONAL) if to_masked else {})}


def hidden(lead: Lead) -> dict[str, Any]:
    """What masked roles see otherwise. Why a lead is disqualified is one of our codes; why it waits, somebody said in their own words."""
    values = {name: getattr(lead, name) for name in PERSONAL}
    return {**masked(values, PERSONAL), "note": None, "reason": lead.reason if lead.state is State.DISQUALIFIED else None}
