"""What is done with signals, whose they are, and what follows for the lead. Pure."""

import unicodedata
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from lead_svc.capture.rules import NewLead
from lead_svc.leads.record import Lead, State
from lead_svc.leads.rules import NO_RESPONSE
from lead_svc.signals.record import SUBJECT, Signal
from shared.acts import Act, who
from shared.auth.actor import Role
from shared.errors import Invalid
from shared.events.envelope import Event
from shared.events.signal import LeadSignalRecorded, LeadTouched

RECORD = Act(
    of=SUBJECT,
    name="record",
    operation="record_signal",
    who=who(Role.marketing, scope="signals:write"),
    makes=True,
    tells=(LeadSignalRecorded, LeadTouched),
    says="Records that somebody shows interest; the same signal again changes nothing.",
    asks="A known kind. A lead, or a name, address or visitor's id.",
)


@dataclass(frozen=True, slots=True)
class NewSignal:
    """A signal as its sender tells it. `said`: the fields of the signal itself, by name.

    `knows`: what it says of the person's lead, which it then makes where there is none, whatever the policy says of its kind.
    """

    id: UUID
    at: datetime | None
    said: Mapping[str, Any]
    lead_id: UUID | None = None
    external_id: str | None = None
    email: str | None = None
    phone: str | None = None
    visitor_id: str | None = None
    knows: Mapping[str, Any] | None = None

    @property
    def kind(self) -> str:
        return str(self.said["kind"])

    @property
    def person(self) -> str | None:
        """Under which name it waits for somebody who is no lead yet."""
        if self.external_id:
            return f"key:{self.external_id}"
        if self.email:
            return f"email:{email_key(self.email)}"
        return f"phone:{digits(self.phone)}" if self.phone else None

    @property
    def visitor(self) -> str | None:
        return f"visitor:{self.visitor_id}" if self.visitor_id else None


def email_key(email: str) -> str:
    """What the spellings of an address have in common."""
    return unicodedata.normalize("NFKC", email).lower()


def digits(phone: str) -> str:
    return "".join(c for c in unicodedata.normalize("NFKC", phone) if c.isdigit() or c == "+")


def unknown_kind(kind: str, known: Collection[str]) -> Invalid | None:
    if kind in known:
        return None
    return Invalid(f"There is no such kind of signal; there are {', '.join(known)}.", pointer="/kind", code="unknown_kind")


def new_lead(signal: NewSignal, at: datetime) -> NewLead:
    """Somebody unknown as a lead: what the signal says of them, and what brought them."""
    touch = {name: signal.said.get(name) for name in ("source", "campaign", "medium")}
    given = {"email": signal.email, "phone": signal.phone, **touch, **(signal.knows or {})}
    said = {name: value for name, value in given.items() if value is not None}
    return NewLead(external_id=signal.external_id, captured_at=at, said=said)


def told(signal: Signal, lead: Lead) -> list[tuple[Event, datetime]]:
    """What is told of a signal once its lead is known: that it was there, and whether it says what brought them."""
    events: list[tuple[Event, datetime]] = [(LeadSignalRecorded.of(signal, signal_id=signal.id, lead_id=lead.id), signal.at)]
    if signal.is_touch:
        touch = {name: getattr(signal, name) for name in ("kind", "source", "campaign", "medium", "term", "content")}
        events.append((LeadTouched.of(lead, signal_id=signal.id, lead_id=lead.id, **touch), signal.at))
    return events


def joined(signal: Signal, lead: Lead) -> Signal:
    """A visitor's signal when it is known whose it is: nothing of the visitor is kept then."""
    return replace(signal, lead_id=lead.id, visitor=None)


def sleeps(lead: Lead) -> bool:
    """Whether it can be taken up again by a signal: it was put aside, or given up for want of an answer."""
    return lead.state is State.NURTURING or (lead.state is State.DISQUALIFIED and lead.reason == NO_RESPONSE)
