"""Taking in leads: what a caller or a file says of one, and what that makes of a lead that is known or not."""

from collections.abc import Collection
from dataclasses import dataclass, fields
from datetime import datetime
from operator import attrgetter, itemgetter
from typing import Any
from uuid import UUID

from lead_svc.leads.record import LEAD, LEADERS, SELLERS, Grade, Lead, State
from shared.acts import Act, who
from shared.auth.actor import Actor, Role
from shared.db.fill import filler
from shared.events.lead import LeadCaptured, LeadStubbed
from shared.masking import differences

_FOR_ANYBODY = (*LEADERS, Role.marketing, Role.ops, Role.service)
_FOR_THEMSELVES = (*SELLERS, Role.presales, Role.assistant, Role.csm, Role.support)

CAPTURE = Act(
    of=LEAD,
    name="capture",
    operation="capture_lead",
    who=who(*_FOR_ANYBODY, *_FOR_THEMSELVES),
    to=(State.CAPTURED,),
    makes=True,
    tells=(LeadCaptured,),
    says="Enters a lead; one that is known by its key is brought to what is said of it.",
    asks="Account, contact and owner exist and are seen by whoever enters it.",
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
UPSERT = who(*_FOR_ANYBODY, own=_FOR_THEMSELVES, unowned=_FOR_THEMSELVES)
"""Whose capture changes a lead that is known by its key."""

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
_described = attrgetter(*DESCRIPTIVE)
new_lead = filler(NewLead)
"""`NewLead` of all its fields in their order, quickly: files bring it by the million."""


_NOTHING: dict[str, Any] = dict.fromkeys(f.name for f in fields(Lead)) | {
    "state": State.CAPTURED, "grade": Grade.C, "bant": {}, "bant_score": 0, "flags": {}, "imported": True,
    "responses": 0, "no_response_count": 0, "reactivations": 0, "version": 0,
}  # fmt: skip
"""In the order of the lead's fields."""
_PLACES = {name: n for n, name in enumerate(_NOTHING)}
_OWN = (
    "id", "external_id", "captured_at", "first_touch", "last_touch", "imported", "owner_id", "team_id",
    "created_at", "updated_at", "version",
)  # fmt: skip
_LAST_SAID = {name: n for n, name in enumerate([*_NOTHING, *DESCRIPTIVE, *_OWN])}
_in_order = itemgetter(*[_LAST_SAID[name] for name in _NOTHING])
"""The lead's values out of those three after each other: of what is said twice, the later."""
_lead = filler(Lead)
Owner = tuple[UUID | None, UUID | None]
"""Who owns a lead, and their team."""


def fresh(id: UUID, external_id: str | None, now: datetime, **known: Any) -> Lead:
    """A lead of which nothing is known but this: a stub."""
    values = [*_NOTHING.values()]
    for name, value in {"id": id, "external_id": external_id, "created_at": now, "updated_at": now, **known}.items():
        values[_PLACES[name]] = value
    return _lead(*values)


def first_data(id: UUID, given: NewLead, now: datetime, captured_at: datetime, *, imported: bool, owner: Owner) -> Lead:
    """A lead that nobody knew, with its own data: `fresh` with `own_data`, quickly. Files bring it by the million."""
    first = given.first_touch or given.source
    own = id, given.external_id, captured_at, first, given.last_touch or first, imported, *owner, now, now, 1
    return _lead(*_in_order((*_NOTHING.values(), *_described(given), *own)))


def changes_to(lead: Lead, given: NewLead, unseen: Collection[str] = ()) -> dict[str, Any]:
    """The descriptive fields, and the time of the capture, that `given` says otherwise; those `unseen` by the caller always do."""
    said = {"captured_at": given.captured_at, **dict(zip(DESCRIPTIVE, _described(given), strict=True))}
    return differences(lead, {name: value for name, value in said.items() if value is not None}, unseen)


def own_data(lead: Lead | None, given: NewLead) -> dict[str, Any]:
    """What fills a new lead, or a stub. A first touch that nobody named is the source."""
    said = {name: value for name, value in zip(DESCRIPTIVE, _described(given), strict=True) if value is not None}
    first = said.get("first_touch") or (lead and lead.first_touch) or said.get("source")
    return said | {"first_touch": first, "last_touch": said.get("last_touch") or first}


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
