"""Taking in leads (L1, L3): what a caller or a file says of one, and what that makes of a lead that is known or not."""

from dataclasses import dataclass, fields, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from lead_svc.leads.rules import LEADERS, SELLERS, Lead, State
from lead_svc.qualification.rules import Grade
from shared.auth.actor import Actor, Role
from shared.errors import Unmet

CAPTURING = (
    Role.rep, Role.kam, Role.manager, Role.director, Role.admin, Role.marketing, Role.ops,
    Role.presales, Role.assistant, Role.csm, Role.support, Role.service,
)  # fmt: skip

_FOR_ANYBODY = (*LEADERS, Role.marketing, Role.ops, Role.service, Role.system)

BEFORE_CAPTURE = "converted_before_capture"
WON_BEFORE = "won_before_first_contact"


@dataclass(frozen=True, slots=True)
class NewLead:
    """What is known of a lead. None means not said: it changes nothing of a lead that is known already.

    `external_id` makes it an upsert. Owner and account can be named by id, or by the key that another system has for them; what is
    behind an unknown key becomes a stub flagged `imported`.
    """

    external_id: str | None = None
    captured_at: datetime | None = None
    owner_id: UUID | None = None
    owner_external_id: str | None = None
    account_external_id: str | None = None
    source: str | None = None
    campaign: str | None = None
    medium: str | None = None
    first_touch: str | None = None
    last_touch: str | None = None
    referrer_account_id: UUID | None = None
    title: str | None = None
    company: str | None = None
    contact_name: str | None = None
    email: str | None = None
    phone: str | None = None
    job_title: str | None = None
    region: str | None = None
    industry: str | None = None
    size: str | None = None
    product: str | None = None
    account_id: UUID | None = None
    contact_id: UUID | None = None


_NOT_DESCRIPTIVE = {"external_id", "captured_at", "owner_id", "owner_external_id", "account_external_id"}
DESCRIPTIVE = tuple(f.name for f in fields(NewLead) if f.name not in _NOT_DESCRIPTIVE)


def fresh(id: UUID, external_id: str | None, now: datetime) -> Lead:
    """A lead of which nothing is known but its id: a stub."""
    return Lead(
        id=id, external_id=external_id, state=State.CAPTURED, captured_at=None,
        source=None, campaign=None, medium=None, first_touch=None, last_touch=None, referrer_account_id=None,
        title=None, company=None, contact_name=None, email=None, phone=None, job_title=None,
        region=None, industry=None, size=None, product=None, owner_id=None, team_id=None,
        score=None, grade=Grade.C, bant={}, bant_score=0, intent=None,
        responses=0, no_response_count=0, no_response_on=None, last_response_at=None, last_contact_at=None,
        reason=None, note=None, wake_at=None, reactivations=0,
        account_id=None, contact_id=None, deal_id=None, conversion_id=None, refusal=None, deal_opened_at=None, deal_won_at=None,
        flags={}, imported=True, created_at=now, updated_at=now, version=0,
    )  # fmt: skip


def changes_to(lead: Lead, given: NewLead) -> dict[str, Any]:
    """The descriptive fields, and the time of the capture, that `given` says otherwise."""
    said = {name: getattr(given, name) for name in (*DESCRIPTIVE, "captured_at")}
    return {name: value for name, value in said.items() if value is not None and getattr(lead, name) != value}


def captured(lead: Lead, given: NewLead, at: datetime, *, imported: bool) -> Lead:
    """The lead, new or a stub so far, with its own data. A first touch that nobody named is the source."""
    filled = replace(lead, **changes_to(lead, given))
    return replace(
        filled,
        captured_at=at,
        imported=imported,
        first_touch=filled.first_touch or filled.source,
        last_touch=filled.last_touch or filled.first_touch or filled.source,
    )


def odd_flags(lead: Lead) -> list[str]:
    """Odd but true: a deal older than the first contact. Whatever came first; each flag once."""
    if lead.captured_at is None:
        return []
    times = {BEFORE_CAPTURE: lead.deal_opened_at, WON_BEFORE: lead.deal_won_at}
    return [flag for flag, at in times.items() if at is not None and at < lead.captured_at and flag not in lead.flags]


def default_owner(actor: Actor) -> UUID | None:
    """A seller's lead is his own; everybody else's goes to the pool."""
    return actor.id if actor.has(*SELLERS) and not actor.has(*_FOR_ANYBODY) else None


def owner_unmet(owner_id: UUID | None, actor: Actor) -> list[Unmet]:
    """Sellers enter leads for themselves; those who lead, market or operate, for anybody."""
    if owner_id in (None, actor.id) or actor.has(*_FOR_ANYBODY):
        return []
    return [Unmet("not_manager", "You can enter leads for yourself only.")]
