"""Taking in leads: what a caller or a file says of one, and what that makes of a lead that is known or not."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, fields
from datetime import datetime
from types import MappingProxyType
from typing import Any
from uuid import UUID

from lead_svc.leads.fields import LeadData
from lead_svc.leads.record import LEAD, Grade, Lead, State
from shared.acts import Act, who
from shared.auth.actor import LEADERS, SELLERS, Actor, Role
from shared.events.lead import LeadCaptured, LeadStubbed
from shared.masking import differences

_FOR_ANYBODY = (*LEADERS, Role.marketing, Role.ops, Role.sales_ops)
_FOR_THEMSELVES = (*SELLERS, Role.presales, Role.product, Role.assistant, Role.csm, Role.support)

CAPTURE = Act(
    of=LEAD,
    name="capture",
    operation="capture_lead",
    who=who(*_FOR_ANYBODY, *_FOR_THEMSELVES, scope="leads:write"),
    to=(State.CAPTURED,),
    makes=True,
    tells=(LeadCaptured,),
    says="Enters a lead; one that is known by its key is brought to what is said of it.",
    asks="Account, contact and owner exist, and the one who enters it sees them.",
)
STUB = Act(
    of=LEAD,
    name="stub",
    operation=None,
    who=who(),
    to=(State.CAPTURED,),
    makes=True,
    tells=(LeadStubbed,),
    says="Keeps a lead that an import of deals names, until its own data comes.",
)
UPSERT = who(*_FOR_ANYBODY, own=_FOR_THEMSELVES, unowned=_FOR_THEMSELVES, scope="leads:write")
"""Whose capture changes a lead that is known by its key."""

BEFORE_CAPTURE = "converted_before_capture"
WON_BEFORE = "won_before_first_contact"


@dataclass(frozen=True, slots=True)
class NewLead:
    """What is known of a lead. What is not said changes nothing of a lead that is known already.

    `external_id` makes it an upsert. Owner and account can be named by id, or by the key that another system has for them; what is
    behind an unknown key becomes a stub flagged `imported`.
    """

    external_id: str | None = None
    captured_at: datetime | None = None
    owner_id: UUID | None = None
    owner_external_id: str | None = None
    account_external_id: str | None = None
    said: Mapping[str, Any] = field(default_factory=dict)
    """What is said of the lead's own fields, by name; never None."""

    @property
    def account_id(self) -> UUID | None:
        return self.said.get("account_id")


SAID = frozenset(LeadData.model_fields)


def said(of: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in of.items() if value is not None and name in SAID}


_NOTHING: dict[str, Any] = dict.fromkeys(f.name for f in fields(Lead)) | {
    "state": State.CAPTURED, "grade": Grade.C, "bant": {}, "bant_score": 0, "flags": {}, "imported": True,
    "responses": 0, "no_response_count": 0, "reactivations": 0, "version": 0,
}  # fmt: skip
"""In the order of the lead's fields, which saves a third of making one: files bring leads by the million."""


def fresh(id: UUID, external_id: str | None, now: datetime, known: Mapping[str, Any] = MappingProxyType({})) -> Lead:
    """A lead of which nothing is known but this: a stub."""
    return Lead(*{**_NOTHING, "id": id, "external_id": external_id, "created_at": now, "updated_at": now, **known}.values())


def changes_to(lead: Lead, given: NewLead, unseen: Collection[str] = ()) -> dict[str, Any]:
    """The fields, and the time of the capture, that `given` says otherwise; those `unseen` by the caller always do."""
    captured = {"captured_at": given.captured_at} if given.captured_at else {}
    return differences(lead, {**captured, **given.said}, unseen)


def own_data(lead: Lead | None, given: NewLead) -> dict[str, Any]:
    """What fills a new lead, or a stub. A first touch that nobody named is the source."""
    said = given.said
    first = said.get("first_touch") or (lead and lead.first_touch) or said.get("source")
    return {**said, "first_touch": first, "last_touch": said.get("last_touch") or first}


def odd_flags(lead: Lead) -> list[str]:
    """Odd but true: a deal older than the first contact. Whatever came first; each flag once."""
    if lead.captured_at is None or (lead.deal_opened_at is None and lead.deal_won_at is None):
        return []
    return [flag for flag, odd in _odd(lead).items() if odd and flag not in lead.flags]


def plain_flags(lead: Lead) -> list[str]:
    """Those of its flags that are no longer true."""
    return [flag for flag, odd in _odd(lead).items() if not odd and flag in lead.flags] if lead.flags else []


def _odd(lead: Lead) -> dict[str, bool]:
    times = {BEFORE_CAPTURE: lead.deal_opened_at, WON_BEFORE: lead.deal_won_at}
    return {flag: bool(at and lead.captured_at and at < lead.captured_at) for flag, at in times.items()}


def default_owner(actor: Actor) -> UUID | None:
    """Sellers own what they enter; everybody else's goes to the pool."""
    return actor.id if actor.has(*SELLERS) and not actor.has(*_FOR_ANYBODY) else None
