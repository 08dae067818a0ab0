"""A lead, the states it goes through, and what each step needs (domain-model §2). Pure: values in, unmet guards out."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from enum import StrEnum
from functools import lru_cache
from typing import Any
from uuid import UUID

from lead_svc.qualification.rules import POLICY, Grade, Policy, bant_unmet
from shared.auth.actor import Actor, Role
from shared.errors import Pending, Unmet
from shared.masking import masked_email, masked_name, masked_phone


class State(StrEnum):
    CAPTURED = "captured"
    MQL = "mql"
    SQL = "sql"
    CONVERTING = "converting"
    """Handed over; deal-svc has not answered yet."""
    CONVERTED = "converted"
    NURTURING = "nurturing"
    DISQUALIFIED = "disqualified"


class Reason(StrEnum):
    """Why a lead is disqualified (L14, L15)."""

    NO_RESPONSE_3 = "no_response_3"
    NEED_MISMATCH = "need_mismatch"
    NO_BUDGET = "no_budget"
    INVALID_CONTACT = "invalid_contact"
    COMPETITOR = "competitor"
    OPT_OUT = "opt_out"
    OTHER = "other"


LONGEST_WAIT = timedelta(days=3650)

NO_RESPONSE = Reason.NO_RESPONSE_3.value
HELD = (State.CAPTURED, State.MQL, State.SQL)
"""States that a lead can be nurtured or disqualified from."""
OPEN = (*HELD, State.NURTURING)
SELLERS = (Role.rep, Role.kam)
LEADERS = (Role.manager, Role.director, Role.admin)
"""They act for the owners of every lead that they see: a manager's view ends with his teams (shared.db.scope)."""


CONTACTING = (*SELLERS, *LEADERS, Role.presales, Role.assistant, Role.marketing, Role.csm, Role.support, Role.ops, Role.system)


@dataclass(frozen=True, slots=True)
class Lead:
    id: UUID
    external_id: str | None
    state: State
    captured_at: datetime | None
    source: str | None
    campaign: str | None
    medium: str | None
    first_touch: str | None
    last_touch: str | None
    referrer_account_id: UUID | None
    title: str | None
    company: str | None
    contact_name: str | None
    email: str | None
    phone: str | None
    job_title: str | None
    region: str | None
    industry: str | None
    size: str | None
    product: str | None
    owner_id: UUID | None
    team_id: UUID | None
    score: int | None
    grade: Grade
    bant: dict[str, dict[str, Any]]
    bant_score: int
    intent: str | None
    responses: int
    no_response_count: int
    no_response_on: date | None
    last_response_at: datetime | None
    last_contact_at: datetime | None
    reason: str | None
    note: str | None
    wake_at: datetime | None
    reactivations: int
    account_id: UUID | None
    contact_id: UUID | None
    deal_id: UUID | None
    conversion_id: UUID | None
    refusal: str | None
    deal_opened_at: datetime | None
    deal_won_at: datetime | None
    flags: dict[str, bool]
    imported: bool
    created_at: datetime
    updated_at: datetime
    version: int

    @property
    def is_stub(self) -> bool:
        """Only named by another service's import; its own data has not come yet."""
        return self.captured_at is None


@dataclass(frozen=True, slots=True)
class ListedLead:
    """What a list reads of a lead: half its columns, and none of the large ones."""

    id: UUID
    external_id: str | None
    state: State
    captured_at: datetime | None
    source: str | None
    campaign: str | None
    medium: str | None
    title: str | None
    company: str | None
    contact_name: str | None
    region: str | None
    industry: str | None
    size: str | None
    product: str | None
    owner_id: UUID | None
    team_id: UUID | None
    score: int | None
    grade: Grade
    bant_score: int
    no_response_count: int
    last_contact_at: datetime | None
    wake_at: datetime | None
    account_id: UUID | None
    contact_id: UUID | None
    deal_id: UUID | None
    flags: dict[str, bool]
    imported: bool
    created_at: datetime
    updated_at: datetime
    version: int


PERSONAL = frozenset({"contact_name", "email", "phone"})
"""Fields of a lead that describe it, and that not every role sees."""


def shown_in_list(lead: Mapping[str, Any], *, masked: bool) -> dict[str, Any]:
    """The columns of a `ListedLead` as somebody sees them who may, or may not, see personal data."""
    seen = {**lead, "flags": sorted(lead["flags"])}
    if masked and lead["contact_name"]:
        seen["contact_name"] = masked_name(lead["contact_name"])
    return seen


def shown(lead: Lead, *, masked: bool) -> Lead:
    """The lead as somebody sees it who may, or may not, see personal data."""
    if not masked:
        return lead
    return replace(
        lead,
        contact_name=lead.contact_name and masked_name(lead.contact_name),
        email=lead.email and masked_email(lead.email),
        phone=lead.phone and masked_phone(lead.phone),
        note=None,
        # Why it is disqualified is one of our codes; why it waits is told in somebody's own words.
        reason=lead.reason if lead.state is State.DISQUALIFIED else None,
    )


NOT_OWNER = Unmet("not_owner", "Only the lead's owner or his manager may do this.")
NO_OWNER = Unmet("owner", "The lead has no owner.")
NO_INTENT = Unmet("intent", "The customer's intent is not recorded.")
NO_RESPONSES = Unmet("two_way_interaction", "There is no interaction yet in which the customer took part.")


# -- Who -------------------------------------------------------------------------------------------------------------------


def acts_for_owner(lead: Lead, actor: Actor) -> bool:
    return actor.has(*LEADERS, Role.system) or (lead.owner_id is not None and lead.owner_id == actor.id)


def _owner(lead: Lead, actor: Actor) -> list[Unmet]:
    if acts_for_owner(lead, actor):
        return []
    return [NOT_OWNER]


def _in(lead: Lead, *states: State) -> list[Unmet]:
    return [] if lead.state in states else [_wrong_state(lead.state, states)]


@lru_cache
def _wrong_state(state: State, needed: tuple[State, ...]) -> Unmet:
    kind = Pending if state is State.CONVERTING else Unmet  # until deal-svc has answered
    return kind("wrong_state", f"The lead is {state}; this needs {' or '.join(needed)}.")


def _given(text: str | None, code: str, says: str) -> list[Unmet]:
    return [] if text else [Unmet(code, says)]


# -- What each step needs ----------------------------------------------------------------------------------------------------


def edit_unmet(lead: Lead, actor: Actor) -> list[Unmet]:
    """Descriptive fields: the owner, his manager, marketing and operations; whoever sees it while nobody owns it."""
    if lead.owner_id is None or actor.has(Role.marketing, Role.ops, Role.service):
        return []
    return _owner(lead, actor)


def party_unmet(lead: Lead, changes: Mapping[str, Any]) -> list[Unmet]:
    """Whom it was converted for stays."""
    if lead.state in (State.CONVERTING, State.CONVERTED) and {"account_id", "contact_id"} & changes.keys():
        kind = Pending if lead.state is State.CONVERTING else Unmet
        return [kind("converted", "The lead is handed over: its account and contact stay.")]
    return []


def work_unmet(lead: Lead, actor: Actor) -> list[Unmet]:
    """What the owner learns about it: BANT, intent, grade."""
    return _owner(lead, actor) + _in(lead, *HELD)


def contact_unmet(lead: Lead, actor: Actor) -> list[Unmet]:
    """Whoever works with customers may log a contact with a lead that he sees, in any state."""
    if actor.has(*CONTACTING):
        return []
    return [Unmet("role", "Your role does not work with customers.")]


def mql_unmet(lead: Lead, actor: Actor) -> list[Unmet]:
    """Marketing or a manager may declare it, with a reason (L7)."""
    who = [] if actor.has(Role.marketing, *LEADERS) else [Unmet("role", "Only marketing or a manager may declare an MQL.")]
    return who + _in(lead, State.CAPTURED)


def qualify_unmet(lead: Lead, actor: Actor, policy: Policy = POLICY) -> list[Unmet]:
    unmet = _owner(lead, actor) + _in(lead, State.CAPTURED, State.MQL)
    if lead.owner_id is None:
        unmet.append(NO_OWNER)
    if lead.intent is None:
        unmet.append(NO_INTENT)
    if lead.responses < 1:
        unmet.append(NO_RESPONSES)
    return unmet + bant_unmet(lead.bant, policy)


def nurture_unmet(lead: Lead, actor: Actor) -> list[Unmet]:
    return _owner(lead, actor) + _in(lead, *HELD)


def wake_unmet(lead: Lead, wake_at: datetime | None, at: datetime) -> list[Unmet]:
    """A wake-up date; a refused MQL goes back to marketing and needs none."""
    if wake_at is None:
        return [] if lead.state is State.MQL else [Unmet("wake_at", "Say when to look at it again.")]
    if wake_at > at + LONGEST_WAIT:
        return [Unmet("wake_at_far", "The wake-up date must lie within ten years.")]
    return [] if wake_at > at else [Unmet("wake_at_past", "The wake-up date must lie after the time of the change.")]


def disqualify_unmet(lead: Lead, actor: Actor) -> list[Unmet]:
    return _owner(lead, actor) + _in(lead, *HELD)


def reason_unmet(reason: Reason, note: str | None, actor: Actor) -> list[Unmet]:
    if reason is Reason.NO_RESPONSE_3 and not actor.has(Role.system):
        return [Unmet("counted_reason", "This reason is given by the count of contacts without response, not by hand.")]
    return _given(note, "note", "Say in a note what the other reason is.") if reason is Reason.OTHER else []


def reactivate_unmet(lead: Lead, actor: Actor) -> list[Unmet]:
    """From nurturing: owner, manager, marketing. From disqualified: a manager; marketing too when nobody answered (L16).

    Never after an opt-out.
    """
    if unmet := _in(lead, State.NURTURING, State.DISQUALIFIED):
        return unmet
    if lead.reason == Reason.OPT_OUT:
        unmet.append(Unmet("opted_out", "The customer opted out of being contacted."))
    if actor.has(*LEADERS):
        return unmet
    dormant = lead.state is State.NURTURING or lead.reason == NO_RESPONSE
    if dormant and actor.has(Role.marketing, Role.system):
        return unmet
    if lead.state is State.NURTURING:
        return _owner(lead, actor) + unmet
    return [Unmet("role", "Only a manager may take up a disqualified lead again; marketing may when nobody had answered."), *unmet]


def assign_unmet(lead: Lead, actor: Actor) -> list[Unmet]:
    """A manager hands leads of his teams and of the pool to his people; a seller claims from the pool and releases his own (L19)."""
    return _who_assigns(lead, actor) + _in(lead, *OPEN)


def _who_assigns(lead: Lead, actor: Actor) -> list[Unmet]:
    if actor.has(*LEADERS) or (actor.has(*SELLERS) and lead.owner_id in (None, actor.id)):
        return []
    return [Unmet("not_owner", "Only the owner, a manager, or for a lead of the pool a seller may do this.")]


def hand_over_unmet(lead: Lead, actor: Actor, to: UUID | None, *, in_reach: bool) -> list[Unmet]:
    """`in_reach`: whether the new owner is in the actor's teams."""
    if to == lead.owner_id:
        return [Unmet("same_owner", "The lead has this owner already.")]
    if to is None or to == actor.id or actor.has(Role.director, Role.admin):
        return []
    if not actor.has(Role.manager):
        return [Unmet("not_manager", "A seller can claim a lead for himself and release it, but not hand it to others.")]
    return [] if in_reach else [Unmet("not_in_team", "The new owner is not in your teams.")]


def convert_unmet(lead: Lead, actor: Actor, *, account: bool, contact: bool) -> list[Unmet]:
    """`account`, `contact`: whether they are given, known, or can be made from the lead's own data (L28)."""
    unmet = _owner(lead, actor) + _in(lead, State.SQL)
    if not account:
        unmet.append(Unmet("account", "Neither an account nor the company's name is known."))
    if not contact:
        unmet.append(Unmet("contact", "Neither a contact nor a contact's name is known."))
    return unmet
