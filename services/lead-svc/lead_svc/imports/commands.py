"""Taking many imported rows at once: the capture command, then the steps that the rows tell of. No statement per row."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from uuid import UUID

from lead_svc.capture.commands import Captured, capture_many
from lead_svc.duplicates.policy import POLICY as DUPLICATE_POLICY
from lead_svc.duplicates.record import Certainty
from lead_svc.imports import rules
from lead_svc.imports.form import LeadRow
from lead_svc.leads.commands import disqualification
from lead_svc.leads.record import Lead, State
from lead_svc.leads.tables import LEADS
from lead_svc.leads.tasks import WAKE_UP
from lead_svc.policy import POLICY
from shared.db.tx import Tx
from shared.errors import Problem as Refusal
from shared.events.duplicates import LeadDuplicateSuspected
from shared.events.envelope import Event
from shared.events.lead import LeadMqlReached, LeadNurtured, LeadQualified
from shared.imports.outcome import Outcome, Problem
from shared.process.settings import Settings
from shared.tasks import commands as tasks
from shared.tasks.record import ToDo

Events = list[tuple[Event, datetime]]

_FLAG_SAYS = {
    "converted_before_capture": "its deal was opened before the first contact",
    "won_before_first_contact": "its deal was won before the first contact",
}

_DUPLICATE_SAYS = {
    Certainty.CERTAIN: "another open lead is certainly the same",
    Certainty.LIKELY: "another open lead may be the same",
}


async def take(tx: Tx, rows: Sequence[tuple[int, LeadRow]], _: Settings, *, work: bool = False) -> Outcome:
    """Capture or update a lead per row; rows that contradict themselves are refused.

    With `work` the wake-up dates of nurtured leads become tasks: on that day such a lead is taken up again.
    """
    outcome, longest_wait_days = Outcome(), tx.policy(POLICY).longest_wait_days
    good: list[tuple[int, LeadRow]] = []
    for line, row in rows:
        if wrong := rules.wrong(row, tx.now, longest_wait_days):
            outcome.problems += [Problem(line, w.code, "wrong_history", w.message) for w in wrong]
        else:
            good.append((line, row))
    ended = {n for n, (_, row) in enumerate(good) if row.disqualified_at}
    answers = await capture_many(tx, [row.new() for _, row in good], imported=True, ended=ended)
    taken = [(line, row, answer) for (line, row), answer in zip(good, answers, strict=True)]
    doubled = await _doubled(tx)
    moved = await _move(tx, [(row, answer) for _, row, answer in taken if isinstance(answer, Captured)], work=work)
    for line, _row, answer in taken:
        if isinstance(answer, Refusal):
            outcome.problems.append(Problem(line, _field_of(answer), answer.code, answer.detail))
            continue
        outcome.created += answer.outcome == "created"
        outcome.updated += answer.outcome in ("filled", "updated") or (answer.outcome == "unchanged" and answer.id in moved)
        outcome.unchanged += answer.outcome == "unchanged" and answer.id not in moved
        outcome.problems += [Problem(line, "captured_at", flag, _FLAG_SAYS.get(flag, flag), "flagged") for flag in answer.flags]
        if certainty := doubled.get(answer.id):
            outcome.problems.append(Problem(line, "external_id", f"{certainty}_duplicate", _DUPLICATE_SAYS[certainty], "flagged"))
    return outcome


async def _doubled(tx: Tx) -> dict[UUID, Certainty]:
    """The leads of this batch that may be known already, or are in it twice."""
    if not tx.policy(DUPLICATE_POLICY).compares:
        return {}
    found: dict[UUID, Certainty] = {}
    for told in await tx.told(LeadDuplicateSuspected):
        for id in (told.lead_id, told.other_id):
            found[id] = Certainty.CERTAIN if found.get(id) is Certainty.CERTAIN else Certainty(told.certainty)
    return found


def _field_of(refusal: Refusal) -> str:
    errors = refusal.extra.get("errors") or [{"pointer": "/external_id"}]
    return str(errors[0]["pointer"]).removeprefix("/")


async def _move(tx: Tx, rows: Sequence[tuple[LeadRow, Captured]], *, work: bool) -> set[object]:
    """Take the leads through the steps that their rows tell of; the ids of those that moved."""
    told = {answer.id: row for row, answer in rows if row.mql_at or row.qualified_at or row.nurtured_at or row.disqualified_at}
    leads = await tx.load_many(LEADS, list(told)) if told else {}
    moved = [_moved(lead, told[id]) for id, lead in leads.items()]
    await tx.save_many(LEADS, [(lead, events) for lead, events in moved if events])
    if work:
        waiting = [(lead, events[-1][1] if events else tx.now) for lead, events in moved if _waits(lead, told[lead.id])]
        wanted = [ToDo(lead.id, lead.wake_at, lead.reason, at) for lead, at in waiting if lead.wake_at is not None]
        await tasks.put(tx, WAKE_UP, wanted, imported=True, asked=True)
    return {lead.id for lead, events in moved if events}


def _waits(lead: Lead, row: LeadRow) -> bool:
    """Whether it waits for the day that the row names."""
    return lead.state is State.NURTURING and lead.wake_at == row.wake_at


def _moved(lead: Lead, row: LeadRow) -> tuple[Lead, Events]:
    events: Events = []
    for step in rules.steps(lead, row):
        if step.to is State.DISQUALIFIED:
            event, changes = disqualification(lead, row.disqualified_reason)
            lead = replace(lead, **changes)
        elif step.to is State.NURTURING:
            event = LeadNurtured(reason=row.nurtured_reason, wake_at=row.wake_at, from_state=lead.state)
            lead = replace(lead, state=step.to, reason=row.nurtured_reason, wake_at=row.wake_at)
        elif step.to is State.MQL:
            event = LeadMqlReached(how="import")
            lead = replace(lead, state=step.to)
        else:
            event = LeadQualified.of(lead)
            lead = replace(lead, state=step.to)
        events.append((event, step.at))
    return lead, events
