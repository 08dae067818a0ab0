"""Recording signals, one or hundreds, by the same handful of statements."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from uuid import UUID

from lead_svc.leads.commands import WAKE, reactivation
from lead_svc.leads.record import Lead
from lead_svc.leads.tables import LEADS
from lead_svc.signals import rules
from lead_svc.signals.policy import POLICY
from lead_svc.signals.queries import KNOWN, PUT_ASIDE, WAITING
from lead_svc.signals.record import Signal
from lead_svc.signals.rules import RECORD, NewSignal
from lead_svc.signals.tables import SIGNALS
from lead_svc.signals.whose import Whose, whose
from shared.clock import happened
from shared.db.tx import Tx
from shared.errors import Problem
from shared.history import starts_work
from shared.policy.company import sources_of
from shared.spelling import Normal, with_source
from shared.timers import cancel_timers_of

JOINED = 2000
"""Signals of visitors that one transaction gives to their leads at most; the upkeep goes on with what is left."""


async def record(tx: Tx, given: Sequence[NewSignal]) -> list[bool | Problem]:
    """Record signals. For each in order: whether it is new, or why it is none. One that is known already changes nothing."""
    RECORD.permit(tx.actor)
    kinds, normal = tx.policy(POLICY).all_kinds, sources_of(tx)
    checked = [_checked(tx, signal, kinds, normal) for signal in given]
    first: dict[UUID, int] = {}
    for n, one in enumerate(checked):
        if isinstance(one, NewSignal):
            first.setdefault(one.id, n)
    known = set(await tx.all(KNOWN, ids=list(first))) if first else set()
    new = [one for n, one in enumerate(checked) if isinstance(one, NewSignal) and first[one.id] == n and one.id not in known]
    added, refused = await _take(tx, new) if new else (set(), {})
    return [
        one if isinstance(one, Problem) else refused.get(one.id) or (one.id in added and first[one.id] == n)
        for n, one in enumerate(checked)
    ]


def _checked(tx: Tx, signal: NewSignal, kinds: Collection[str], normal: Normal) -> NewSignal | Problem:
    if refused := rules.unknown_kind(signal.kind, kinds):
        return refused
    try:
        at = happened(signal.at, tx.now)
    except Problem as problem:
        return problem
    return replace(signal, at=at, said=with_source(signal.said, normal))


async def _take(tx: Tx, new: Sequence[NewSignal]) -> tuple[set[UUID], Mapping[UUID, Problem]]:
    """Write signals that nobody has sent before. Those that were taken, and why others were not."""
    found = await whose(tx, new)
    good = [signal for signal in new if signal.id not in found.refused]
    await _reactivate(tx, found, good)
    rows = [_row(tx, signal, found) for signal in good]
    leads = [found.leads[row.lead_id] if row.lead_id else None for row in rows]
    added = await tx.add_new(SIGNALS, [(row, rules.told(row, lead) if lead else []) for row, lead in zip(rows, leads, strict=True)])
    if found.turned:
        await join(tx, {name: found.leads[id] for name, id in found.turned.items()})
    return added, found.refused


def _row(tx: Tx, signal: NewSignal, found: Whose) -> Signal:
    lead, place = found.lead_of(signal.id), found.of[signal.id]
    return Signal(
        id=signal.id,
        lead_id=lead.id if lead else None,
        visitor=None if lead else str(place),
        at=signal.at or tx.now,
        by=tx.actor.id,
        recorded_at=tx.now,
        version=0,
        **signal.said,
    )


async def join(tx: Tx, leads: Mapping[str, Lead]) -> int:
    """Give what waited under these names to their leads, and tell it now; how many signals that were. The leads are locked."""
    waiting = await tx.all(WAITING, names=list(leads), most=JOINED)
    known = [(signal, leads[signal.visitor]) for signal in waiting if signal.visitor]
    await tx.save_many(SIGNALS, [(rules.joined(signal, lead), rules.told(signal, lead)) for signal, lead in known])
    return len(known)


async def _reactivate(tx: Tx, found: Whose, signals: Sequence[NewSignal]) -> None:
    """Take up again the leads that were put aside before they showed interest by what the policy says does so."""
    kinds = tx.policy(POLICY).reactivating_kinds
    times: dict[UUID, datetime] = {}
    for signal in signals:
        lead = found.lead_of(signal.id) if signal.kind in kinds else None
        if lead and rules.sleeps(lead) and signal.at and starts_work(tx, signal.at):
            times[lead.id] = max(signal.at, times.get(lead.id, signal.at))
    if not times:
        return
    aside = {row.id: row.at for row in await tx.all(PUT_ASIDE, ids=list(times))}
    woken = [(found.leads[id], at) for id, at in times.items() if id not in aside or at > aside[id]]
    await cancel_timers_of(tx, [lead.id for lead, _ in woken], WAKE)
    changed = []
    for lead, at in woken:
        told, changes = reactivation(lead, "signal")
        changed.append((replace(lead, updated_at=tx.now, **changes), [(told, at)]))
    await tx.save_many(LEADS, changed)
    found.leads |= await tx.load_many(LEADS, [lead.id for lead, _ in woken])  # with what followed
