"""Everything that is counted of a deal, derived from its history, its lead and what was paid: so late data corrects itself."""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from metrics_svc.cells.histogram import bucket_of
from metrics_svc.facts.history import Step, read_steps, step_of
from metrics_svc.facts.leads import flagged
from metrics_svc.facts.rows import AmountFact, DealFact, LeadFact, OutcomeFact, VisitFact
from shared.events import contract, deal
from shared.events.envelope import Envelope

_MICROSECOND = timedelta(microseconds=1)
_OPEN = ("opened", "moved", "reopened", "reversed")
"""The steps after which a deal is open, in the step's stage."""
EARLY = "won_before_contact"


def microseconds(span: timedelta) -> int:
    return span // _MICROSECOND


def heard(fact: DealFact, e: Envelope[Any]) -> None:
    """An event of the deal itself."""
    if (step := step_of(e)) is not None:
        fact.history = [*fact.history, step]
    if isinstance(e.data, deal.DealOpened):
        fact.lead_id, fact.external_id = e.data.lead_id, e.data.external_id
        for name in e.data.flags + (["imported"] if e.data.imported else []):
            fact.flags = flagged(fact.flags, name)
    if isinstance(e.data, deal.DealWon) and e.data.manual:
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


def derive(fact: DealFact, lead: LeadFact | None) -> list[Any]:
    """Fill the derived fields of the deal and give its visits, outcomes and amounts. Nothing counts before the opening is known."""
    steps = _placed(read_steps(fact.history), lead)
    if not steps:
        return []
    captured = lead.captured_at if lead else None
    fact.opened_at = steps[0].at
    fact.line = "direct" if fact.lead_id is None else "lead"
    fact.cohort_at = fact.opened_at if fact.lead_id is None else captured
    fact.f5_at, fact.f6_at, fact.f7_at = (_reached(steps, n) for n in (1, 2, 3))
    now = steps[-1]
    fact.owner_id, fact.team_id = now.owner_id, now.team_id
    fact.source, fact.product, fact.region = now.source, now.product, now.region
    fact.amount, fact.probability, fact.stage = now.amount, now.probability, now.stage
    last_turn = next(s for s in reversed(steps) if s.kind != "updated")
    fact.is_open = last_turn.kind in _OPEN
    if not fact.is_open:
        fact.stage = last_turn.kind
    outcomes = [*_outcomes(fact, steps, captured), *_payments(fact, steps)]
    for n, outcome in enumerate(outcomes):
        outcome.n = n
    fact.flags = [f for f in fact.flags if f != EARLY]
    if any(o.kind == "won" and o.lead_cycle_us is not None and o.lead_cycle_us < 0 for o in outcomes):
        fact.flags.append(EARLY)
    return [*_visits(steps, fact), *outcomes, *_amounts(steps, fact)]


def _placed(steps: list[Step], lead: LeadFact | None) -> list[Step]:
    """A deal came from where its lead came from; what else it does not say itself it has from its lead."""
    if lead is None or lead.captured_at is None:
        return steps
    return [s._replace(source=lead.source or s.source, product=s.product or lead.product, region=s.region or lead.region) for s in steps]


def _reached(steps: Sequence[Step], at_least: int) -> datetime | None:
    """When it was first at this place of the path or beyond it."""
    first = min((s.at for s in steps if s.place >= at_least), default=None)
    return None if first is None else max(first, steps[0].at)


def _who(step: Step) -> dict[str, Any]:
    return {
        "owner_id": step.owner_id,
        "team_id": step.team_id,
        "source": step.source,
        "product": step.product,
        "region": step.region,
    }


def _visits(steps: Sequence[Step], fact: DealFact) -> list[VisitFact]:
    visits: list[VisitFact] = []
    places: list[int] = []
    for step in steps:
        if step.kind == "updated":
            continue
        current = visits[-1] if visits and visits[-1].left_at is None else None
        if current is not None:
            current.left_at = step.at
            current.left_to = step.to or step.kind
            current.stay_us = microseconds(step.at - current.entered_at)
            current.stay_bucket = bucket_of(current.stay_us)
        if step.kind in _OPEN:
            first = not any(v.stage == step.stage and v.cycle == step.cycle for v in visits)
            visits.append(VisitFact(fact.id, len(visits), step.cycle, step.stage, step.at, first, **_who(step)))
            places.append(step.place)
    for visit, at_place in zip(visits, places, strict=True):
        beyond = [v.entered_at for v, p in zip(visits, places, strict=True) if v.cycle == visit.cycle and p > at_place]
        beyond += [v.left_at for v in visits if v.cycle == visit.cycle and v.left_to == "won" and v.left_at]
        visit.passed_at = max(visit.entered_at, min(beyond)) if beyond else None
    return visits


def _outcomes(fact: DealFact, steps: Sequence[Step], captured: datetime | None) -> list[OutcomeFact]:
    opened = steps[0].at
    made = []
    for step in steps:
        if step.kind in ("won", "lost", "reversed", "reopened"):
            outcome = OutcomeFact(fact.id, 0, step.kind, step.at, step.amount, fact.line, fact.cohort_at, **_who(step))
            outcome.cycle_us = microseconds(step.at - opened)
            outcome.cycle_bucket = bucket_of(outcome.cycle_us)
            if captured is not None:
                outcome.lead_cycle_us = microseconds(step.at - captured)
                outcome.lead_cycle_bucket = bucket_of(outcome.lead_cycle_us)
            made.append(outcome)
    return made


def _payments(fact: DealFact, steps: Sequence[Step]) -> list[OutcomeFact]:
    return [
        OutcomeFact(fact.id, 0, kind, datetime.fromisoformat(at), Decimal(amount), fact.line, fact.cohort_at, **_who(steps[-1]))
        for _, kind, at, amount in fact.payments
    ]


def _amounts(steps: Sequence[Step], fact: DealFact) -> list[AmountFact]:
    changes: list[AmountFact] = []
    before = Decimal(0)
    for step in steps:
        if step.amount is not None and step.amount != before:
            at = max(step.at, steps[0].at)
            f5, f6, f7 = (None if reached is None else max(reached, at) for reached in (fact.f5_at, fact.f6_at, fact.f7_at))
            who = _who(steps[-1])
            changes.append(AmountFact(fact.id, len(changes), step.amount - before, at, f5, f6, f7, fact.line, fact.cohort_at, **who))
            before = step.amount
    return changes
