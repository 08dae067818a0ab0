"""Everything that is counted of a deal, derived from its history, its lead and what was paid: so late data corrects itself."""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from metrics_svc.cells.histogram import bucket_of
from metrics_svc.facts.history import STEPS, Step
from metrics_svc.facts.leads import earliest, flagged
from metrics_svc.facts.rows import AmountFact, DealFact, LeadFact, OutcomeFact, VisitFact
from metrics_svc.stages import WON, place
from shared.events import contract, deal
from shared.events.envelope import Envelope

_MICROSECOND = timedelta(microseconds=1)
_OPEN = ("opened", "moved", "reopened", "reversed")
"""The steps after which a deal is open, in the step's stage."""
_OUTCOMES = ("won", "lost", "reversed", "reopened")
EARLY = "won_before_contact"
OPENED_UNKNOWN = "opened_at_unknown"
"""The flag of an imported deal whose opening is only its first known moment: how long it took is not known then."""


def microseconds(span: timedelta) -> int:
    return span // _MICROSECOND


def heard(fact: DealFact, e: Envelope[Any]) -> None:
    """An event of the deal itself."""
    if (tell := STEPS.get(type(e.data))) is not None:
        fact.history = [*fact.history, tell(e)]
    if isinstance(e.data, deal.DealOpened):
        fact.lead_id, fact.external_id = e.data.lead_id, e.data.external_id
        for name in e.data.flags + (["imported"] if e.data.imported else []):
            fact.flags = flagged(fact.flags, name)
    elif isinstance(e.data, deal.DealWon) and e.data.manual:
        fact.flags = flagged(fact.flags, "manual_win")
    fact.last_activity_at = max(fact.last_activity_at or e.time, e.time)


def paid(fact: DealFact, e: Envelope[Any]) -> None:
    """The deal's contract was paid in full, or a payment was taken back. Kept per contract, so that their order does not matter."""
    full = isinstance(e.data, contract.ContractPaidInFull)
    at = e.data.paid_at if full else e.time
    entry = [str(e.subject), "paid" if full else "unpaid", at.isoformat(), str(e.data.total.amount * e.data.fx)]
    fact.payments = sorted([*fact.payments, entry], key=lambda known: str(known[0]))


PAID: dict[type[Any], Callable[[DealFact, Any], None]] = {
    contract.ContractPaidInFull: paid,
    contract.ContractPaymentReopened: paid,
}


def derive(fact: DealFact, steps: Sequence[Step], lead: LeadFact | None) -> list[Any]:
    """Fill the derived fields of the deal and give its visits, outcomes and amounts. Nothing counts before the opening is known.

    `steps` are those of its history.
    """
    if not steps:
        return []
    steps = _placed(steps, lead)
    captured = lead.captured_at if lead else None
    fact.opened_at = steps[0].at
    fact.line, fact.cohort_at = ("direct", fact.opened_at) if fact.lead_id is None else ("lead", captured)
    now = steps[-1]
    fact.owner_id, fact.team_id, fact.source, fact.product, fact.region = now.who
    fact.amount, fact.probability, fact.stage = now.amount, now.probability, now.stage
    last_turn = next(s for s in reversed(steps) if s.kind != "updated")
    fact.is_open = last_turn.kind in _OPEN
    if not fact.is_open:
        fact.stage = last_turn.kind
    outcomes = _outcomes(fact, steps, captured)
    outcomes += _payments(fact, steps, len(outcomes))
    fact.flags = [f for f in fact.flags if f != EARLY]
    if any(o.kind == "won" and o.lead_cycle_us is not None and o.lead_cycle_us < 0 for o in outcomes):
        fact.flags.append(EARLY)
    return [*_visits(steps, fact), *outcomes, *_amounts(steps, fact)]


def _placed(steps: Sequence[Step], lead: LeadFact | None) -> Sequence[Step]:
    """A deal came from where its lead came from; what else it does not say itself it has from its lead."""
    if lead is None or lead.captured_at is None:
        return steps
    placed: list[Step] = []
    for step in steps:
        owner, team, source, product, region = step.who
        who = (owner, team, lead.source or source, product or lead.product, region or lead.region)
        placed.append(step if who == step.who else Step(*step[:-1], who))  # `_replace` takes ten times as long
    return placed


def _visits(steps: Sequence[Step], fact: DealFact) -> list[VisitFact]:
    visits: list[VisitFact] = []
    entered: set[tuple[int, str]] = set()
    reached: dict[int, list[datetime | None]] = {}
    """When it was first at each place of the path, by cycle."""
    current: VisitFact | None = None
    for step in steps:
        if step.kind == "updated":
            continue
        if current is not None:
            current.left_at = step.at
            current.left_to = step.to or step.kind
            current.stay_us = microseconds(step.at - current.entered_at)
            current.stay_bucket = bucket_of(current.stay_us)
            current = None
        if step.kind in _OPEN:
            entry = (step.cycle, step.stage)
            current = VisitFact(fact.id, len(visits), *step.who, *entry, step.at, entry not in entered)
            visits.append(current)
            entered.add(entry)
        if step.kind != "lost":
            first = reached.setdefault(step.cycle, [None] * (WON + 1))
            first[step.place] = earliest(first[step.place], step.at)
    for visit in visits:
        beyond = [at for at in reached[visit.cycle][place(visit.stage) + 1 :] if at is not None]
        visit.passed_at = max(visit.entered_at, min(beyond)) if beyond else None
    return visits


def _outcomes(fact: DealFact, steps: Sequence[Step], captured: datetime | None) -> list[OutcomeFact]:
    opened = None if OPENED_UNKNOWN in fact.flags else steps[0].at
    made: list[OutcomeFact] = []
    for step in steps:
        if step.kind in _OUTCOMES:
            outcome = OutcomeFact(fact.id, len(made), *step.who, step.kind, step.at, step.amount, fact.line, fact.cohort_at)
            if opened is not None:
                outcome.cycle_us = microseconds(step.at - opened)
                outcome.cycle_bucket = bucket_of(outcome.cycle_us)
            if captured is not None:
                outcome.lead_cycle_us = microseconds(step.at - captured)
                outcome.lead_cycle_bucket = bucket_of(outcome.lead_cycle_us)
            made.append(outcome)
    return made


def _payments(fact: DealFact, steps: Sequence[Step], first: int) -> list[OutcomeFact]:
    """Numbered from `first` on: they follow the other outcomes."""
    return [
        OutcomeFact(fact.id, n, *steps[-1].who, kind, datetime.fromisoformat(at), Decimal(amount), fact.line, fact.cohort_at)
        for n, (_, kind, at, amount) in enumerate(fact.payments, first)
    ]


def _amounts(steps: Sequence[Step], fact: DealFact) -> list[AmountFact]:
    opened, who = steps[0].at, steps[-1].who
    reached = [_reached(steps, at_least) for at_least in (1, 2, 3)]  # proposal, negotiation, closing
    changes: list[AmountFact] = []
    before = Decimal(0)
    for step in steps:
        amount = before if step.amount is None else step.amount
        if amount != before or not changes:
            at = max(step.at, opened)
            f5, f6, f7 = [None if first is None else max(first, at) for first in reached]
            deals = 0 if changes else 1
            changes.append(AmountFact(fact.id, len(changes), *who, deals, amount - before, at, f5, f6, f7, fact.line, fact.cohort_at))
            before = amount
    return changes


def _reached(steps: Sequence[Step], at_least: int) -> datetime | None:
    """When it was first at this place of the path or beyond it."""
    first = min((s.at for s in steps if s.place >= at_least), default=None)
    return None if first is None else max(first, steps[0].at)
