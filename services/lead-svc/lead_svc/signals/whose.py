"""Whose signals are: leads by their id, key or address, and visitors who turned out to be one."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from uuid import UUID

from lead_svc.capture.commands import Captured, capture_many
from lead_svc.duplicates.likeness import phone as number
from lead_svc.duplicates.policy import POLICY as DUPLICATE_POLICY
from lead_svc.leads.record import Lead
from lead_svc.leads.tables import LEADS
from lead_svc.parties.merged import survivors
from lead_svc.signals import rules
from lead_svc.signals.policy import POLICY
from lead_svc.signals.queries import BY_EMAIL, BY_PHONE, NOTE_SEEN, THERE, VISITORS
from lead_svc.signals.rules import NewSignal
from shared.db.tx import Tx
from shared.errors import Invalid, Problem
from shared.parties.references import made_id


@dataclass(slots=True)
class Whose:
    """What is found out. Visitors and leads are locked until the transaction ends."""

    names: dict[str, UUID | None]
    """Visitors, and people who are no leads: the lead, once it is known."""
    leads: dict[UUID, Lead]
    of: dict[UUID, UUID | str] = field(default_factory=dict)
    """By the signal's id: its lead, or the name under which it waits."""
    refused: dict[UUID, Problem] = field(default_factory=dict)
    turned: dict[str, UUID] = field(default_factory=dict)
    """Names that belong to another lead than before, or to one at last: what waited under them is that lead's."""

    def turn(self, name: str | None, lead: UUID) -> None:
        """Note whose the name is from now on. Nobody keeps a name that nothing waits under and no visitor has."""
        if name in self.names and self.names[name] != lead:
            self.names[name] = self.turned[name] = lead

    def lead_of(self, signal: UUID) -> Lead | None:
        place = self.of[signal]
        id = self.names[place] if isinstance(place, str) else place
        return self.leads[id] if id else None


async def whose(tx: Tx, signals: Sequence[NewSignal]) -> Whose:
    """Find out whose these signals are, and keep what they tell of visitors.

    Locks visitors before leads, each in one order, so that two requests cannot wait for each other.
    """
    meant = await _meant(tx, signals)
    names = await _seen(tx, signals, meant)
    asked = {*meant.values(), *(id for id in names.values() if id)}
    leads = await tx.load_many(LEADS, sorted(asked)) if asked else {}
    # Merged at this moment; and the survivor may be, while it was waited for.
    while merged := [id for id in {*meant.values(), *names.values()} if id and leads[id].merged_into]:
        now = await survivors(tx, "lead", merged)
        leads |= await tx.load_many(LEADS, sorted(set(now.values()) - leads.keys()))
        meant = {signal: now.get(id, id) for signal, id in meant.items()}
        names = {name: now.get(id, id) if id else None for name, id in names.items()}
    found = Whose(names, leads)
    for signal in signals:
        _place(found, signal, meant.get(signal.id))
    await _make_leads(tx, found, signals)
    if found.turned:
        await note_seen(tx, found.turned)
    return found


async def note_seen(tx: Tx, names: Mapping[str, UUID | None]) -> dict[str, UUID | None]:
    """Keep that these were seen, and whose they are where that is said; lock them. Whose each is then."""
    given = sorted(names.items())
    kept = await tx.all(NOTE_SEEN, id=[name for name, _ in given], lead_id=[id for _, id in given], seen_at=tx.now)
    return {visitor.id: visitor.lead_id for visitor in kept}


async def _meant(tx: Tx, signals: Sequence[NewSignal]) -> Mapping[UUID, UUID]:
    """The leads that signals name, by the id of the signal: the first of its names that somebody has."""
    emails = {rules.email_key(signal.email) for signal in signals if signal.email}
    by_email = {row.name: row.id for row in await tx.all(BY_EMAIL, names=list(emails))} if emails else {}
    by_phone = await _by_phone(tx, {signal.phone for signal in signals if signal.phone})
    by_id = {signal.id: id for signal in signals if (id := _named(signal))}
    there = {row.id: row.merged_into for row in await tx.all(THERE, ids=list(set(by_id.values())))} if by_id else {}
    # What a merged lead does now is the survivor's, who is known before any lead is locked: locks are taken in one order.
    now = await survivors(tx, "lead", [id for id, merged in there.items() if merged])
    meant: dict[UUID, UUID] = {}
    for signal in signals:
        id = by_id.get(signal.id)
        if id not in there:
            id = None if signal.lead_id else by_email.get(rules.email_key(signal.email or "")) or by_phone.get(signal.phone)
        if id:
            meant[signal.id] = now.get(id, id)
    return meant


async def _by_phone(tx: Tx, phones: Collection[str]) -> Mapping[str | None, UUID]:
    """The leads with these numbers, however each is written."""
    if not phones:
        return {}
    region = tx.policy(DUPLICATE_POLICY).phone_region
    found: dict[str, UUID] = {}
    for row in await tx.all(BY_PHONE, phones=list(phones)):
        found.setdefault(number(row.name, region), row.id)
    return {phone: found[key] for phone in phones if (key := number(phone, region)) in found}


def _named(signal: NewSignal) -> UUID | None:
    return signal.lead_id or (made_id("lead", signal.external_id) if signal.external_id else None)


async def _seen(tx: Tx, signals: Sequence[NewSignal], meant: Mapping[UUID, UUID]) -> dict[str, UUID | None]:
    """Visitors, unknown people, and people whose earlier signals may still wait: whose they were so far."""
    known = {signal.person for signal in signals if signal.person and signal.id in meant}
    names = {signal.visitor for signal in signals if signal.visitor}
    names |= {signal.person for signal in signals if signal.person and not (signal.lead_id or signal.id in meant)}
    names |= {visitor.id for visitor in await tx.all(VISITORS, names=list(known))} if known else set()
    return await note_seen(tx, dict.fromkeys(names)) if names else {}


def _place(found: Whose, signal: NewSignal, lead: UUID | None) -> None:
    """Signals come in the order in which they were sent. Who names a person means that person, whoever the visitor was before."""
    if signal.lead_id and lead is None:
        found.refused[signal.id] = Invalid("There is no such lead.", pointer="/lead_id", code="unknown_lead")
        return
    if lead is None and signal.person:
        lead = found.names[signal.person]
    if lead:
        found.of[signal.id] = lead
        found.turn(signal.visitor, lead)
        found.turn(signal.person, lead)
    elif name := signal.person or signal.visitor:
        found.of[signal.id] = found.names[name] or name


async def _make_leads(tx: Tx, found: Whose, signals: Iterable[NewSignal]) -> None:
    """Make leads of unknown people by the signals that the policy says. Each becomes one, however many signals there are."""
    kinds = tx.policy(POLICY).new_lead_kinds
    unknown = [signal for signal in signals if signal.person and found.of.get(signal.id) == signal.person]
    first: dict[str, NewSignal] = {}
    for signal in unknown:
        if signal.person and (signal.kind in kinds or signal.knows is not None):
            first.setdefault(signal.person, signal)
    if not first:
        return
    answers = await capture_many(tx, [rules.new_lead(signal, signal.at or tx.now) for signal in first.values()])
    for (person, signal), answer in zip(first.items(), answers, strict=True):
        if isinstance(answer, Captured):
            found.turn(person, answer.id)
        else:
            found.refused[signal.id] = answer
    for signal in unknown:
        if signal.person and (lead := found.names[signal.person]):
            found.turn(signal.visitor, lead)
    found.leads |= await tx.load_many(LEADS, sorted(set(found.turned.values()) - found.leads.keys()))
