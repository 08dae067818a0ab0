"""Whose signals are: leads by their id, key or address, and visitors who turned out to be one."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from uuid import UUID

from lead_svc.capture.commands import Captured, capture_many
from lead_svc.leads.record import Lead
from lead_svc.leads.tables import LEADS
from lead_svc.signals import rules
from lead_svc.signals.policy import POLICY
from lead_svc.signals.queries import BY_EMAIL, NOTE_SEEN, VISITORS
from lead_svc.signals.rules import NewSignal
from shared.db.tx import Tx
from shared.errors import Invalid, Problem
from shared.parties.references import made_id


@dataclass(slots=True)
class Whose:
    """What is found out. The leads are locked until the transaction ends, as are the visitors."""

    leads: dict[UUID, Lead]
    names: dict[str, UUID | None]
    """Of visitors, and of people who are no leads: the lead, once it is known."""
    told: dict[str, UUID | None] = field(default_factory=dict)
    """What the signals tell of these names; None where that is nothing new."""
    of: dict[UUID, UUID | str] = field(default_factory=dict)
    """By the signal's id: its lead, or the name under which it waits."""
    refused: dict[UUID, Problem] = field(default_factory=dict)
    turned: set[str] = field(default_factory=set)
    """Names that belong to another lead than before, or to one at last: what waited under them is that lead's."""

    def tell(self, name: str | None, lead: UUID | None) -> None:
        """Note that the name was seen, and whose it is if that is known."""
        if name:
            self.told[name] = lead or self.told.get(name)
            self.names[name] = lead or self.names.get(name)

    def lead_of(self, signal: UUID) -> Lead | None:
        place = self.of[signal]
        id = self.names.get(place) if isinstance(place, str) else place
        return self.leads[id] if id else None


async def whose(tx: Tx, signals: Sequence[NewSignal]) -> Whose:
    """Find out whose these signals are, and keep what they tell of visitors.

    Locks leads before visitors, each in one order, so that two requests cannot wait for each other.
    """
    by_email = await _by_email(tx, signals)
    names = {name for signal in signals for name in (signal.person, signal.visitor) if name}
    before = {v.id: v.lead_id for v in await tx.all(VISITORS, names=list(names))} if names else {}
    meant = {signal.id: list(_meant(signal, by_email, before)) for signal in signals}
    asked = {id for ids in meant.values() for id in ids} | {id for id in before.values() if id}
    found = Whose(await tx.load_many(LEADS, sorted(asked)) if asked else {}, dict(before))
    for signal in signals:
        _place(found, signal, next((id for id in meant[signal.id] if id in found.leads), None))
    if names:
        await _keep(tx, found, signals, before)
    return found


async def _by_email(tx: Tx, signals: Iterable[NewSignal]) -> Mapping[str, UUID]:
    asked = {rules.email_key(signal.email) for signal in signals if signal.email}
    return {row.name: row.id for row in await tx.all(BY_EMAIL, names=list(asked))} if asked else {}


def _meant(signal: NewSignal, by_email: Mapping[str, UUID], known: Mapping[str, UUID | None]) -> Iterator[UUID]:
    """The leads that it may be of, the most certain one first. Not those of its visitor: who names a person means that person."""
    if signal.lead_id:
        yield signal.lead_id
        return
    if signal.external_id:
        yield made_id("lead", signal.external_id)
    if signal.email and (id := by_email.get(rules.email_key(signal.email))):
        yield id
    if signal.person and (id := known.get(signal.person)):
        yield id


def _place(found: Whose, signal: NewSignal, lead: UUID | None) -> None:
    """Signals come in the order in which they were sent: what a visitor does before the name is told is joined, what comes after too."""
    visitor, person = signal.visitor, signal.person
    if signal.lead_id and lead is None:
        found.refused[signal.id] = Invalid("There is no such lead.", pointer="/lead_id", code="unknown_lead")
    elif lead:
        found.of[signal.id] = lead
        found.tell(visitor, lead)
        found.tell(person if person in found.names else None, lead)
    elif person:
        found.of[signal.id] = person
        found.tell(person, None)
    elif visitor:
        found.of[signal.id] = found.names.get(visitor) or visitor
        found.tell(visitor, None)


async def _keep(tx: Tx, found: Whose, signals: Sequence[NewSignal], before: Mapping[str, UUID | None]) -> None:
    """Keep who was seen. What somebody else has found out of them meanwhile counts, and unknown people become leads if policy says so."""
    await _see(tx, found)
    await _make_leads(tx, found, signals)
    for signal in signals:
        if found.of.get(signal.id) == signal.person and signal.person and (id := found.names[signal.person]):
            found.tell(signal.visitor, id)
    await _see(tx, found)
    found.turned = {name for name, id in found.names.items() if id and before.get(name) != id}
    if missing := sorted({id for id in found.names.values() if id} - found.leads.keys()):
        found.leads |= await tx.load_many(LEADS, missing)


async def _see(tx: Tx, found: Whose) -> None:
    """Write what was told so far. The last word on each visitor is what stands there then."""
    given = sorted(found.told.items())
    if given:
        seen = await tx.all(NOTE_SEEN, id=[name for name, _ in given], lead_id=[id for _, id in given], seen_at=tx.now)
        found.names |= {visitor.id: visitor.lead_id for visitor in seen}
        found.told = {}


async def _make_leads(tx: Tx, found: Whose, signals: Sequence[NewSignal]) -> None:
    """Make leads of unknown people by the signals that the policy says. Each becomes one, however many signals there are."""
    kinds = tx.policy(POLICY).new_lead_kinds
    first: dict[str, NewSignal] = {}
    for signal in signals:
        person = signal.person
        if person and signal.kind in kinds and found.of.get(signal.id) == person and found.names[person] is None:
            first.setdefault(person, signal)
    if not first:
        return
    answers = await capture_many(tx, [rules.new_lead(signal, signal.at or tx.now) for signal in first.values()])
    for (person, signal), answer in zip(first.items(), answers, strict=True):
        if isinstance(answer, Captured):
            found.tell(person, answer.id)
        else:
            found.refused[signal.id] = answer
