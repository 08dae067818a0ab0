"""What is counted of a deal, derived from its history, its lead and its payments. Late data therefore corrects every figure."""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from functools import reduce
from typing import Any

from metrics_svc.facts.goals import goals_of_deal
from metrics_svc.facts.history import REPLACES, STEPS, Step
from metrics_svc.facts.holders import NOBODY, first_known
from metrics_svc.facts.leads import Reached, dimensions, flagged
from metrics_svc.facts.rows import AmountFact, DealFact, Holder, LeadFact, OutcomeFact, VisitFact, Who
from metrics_svc.histogram import bucket_of
from metrics_svc.stages import FUNNEL_STAGES, UNKNOWN, WON, place
from shared.events import contract, deal
from shared.events.envelope import Envelope

_MICROSECOND = timedelta(microseconds=1)
_OPEN = ("opened", "moved", "reopened", "reversed")
"""The steps after which a deal is open, in the step's stage."""
_OUTCOMES = ("won", "lost", "reversed", "reopened")
EARLY = "won_before_contact"
UNKNOWN_STAGE = "unknown_stage"
"""The flag of a deal that was in a stage which this release does not know: its figures are right again after an upgrade."""
_DERIVED_FLAGS = (EARLY, UNKNOWN_STAGE)
OPENED_UNKNOWN = "opened_at_unknown"
"""The flag of an imported deal whose opening is only its first known moment: how long it took is not known then."""


def microseconds(span: timedelta) -> int:
    return span // _MICROSECOND


def heard(fact: DealFact, e: Envelope[Any]) -> None:
    """An event of the deal itself."""
    if (replace := REPLACES.get(type(e.data))) is not None:
        fact.history = replace(e)
        fact.lead_id, fact.account_id, fact.external_id = e.data.lead_id, e.data.account_id, e.data.external_id
        fact.flags = [*e.data.flags, *[f for f in ("imported",) if f in fact.flags]]
        fact.last_activity_at = max(datetime.fromisoformat(step[1]) for step in fact.history)
        return
    if (tell := STEPS.get(type(e.data))) is not None:
        fact.history = [*fact.history, tell(e)]
    if isinstance(e.data, deal.DealOpened):
        fact.lead_id, fact.account_id, fact.external_id = e.data.lead_id, e.data.account_id, e.data.external_id
        for name in e.data.flags + (["imported"] if e.data.imported else []):
            fact.flags = flagged(fact.flags, name)
    elif isinstance(e.data, deal.DealWon) and e.data.manual:
        fact.flags = flagged(fact.flags, "manual_win")
    if fact.last_activity_at is None or getattr(e.data, "changed", None) != _REWEIGHED:
        fact.last_activity_at = max(fact.last_activity_at or e.time, e.time)


_REWEIGHED = ["probability"]
"""What a new version of the policy changes of a deal: nothing has happened to it."""


def paid(fact: DealFact, e: Envelope[Any]) -> None:
    """The deal's contract was paid in full, or is no longer. Kept per contract, so that the order of contracts does not matter."""
    full = isinstance(e.data, contract.ContractPaidInFull)
    at = e.data.paid_at if full else e.time
    entry = [str(e.subject), "paid" if full else "unpaid", at.isoformat(), str(e.data.total.amount * e.data.fx)]
    fact.payments = sorted([*fact.payments, entry], key=lambda known: str(known[0]))


PAID: dict[type[Any], Callable[[DealFact, Any], None]] = {
    contract.ContractPaidInFull: paid,
    contract.ContractPaymentReopened: paid,
}


def derive(fact: DealFact, steps: Sequence[Step], lead: LeadFact | None) -> tuple[list[Any], Reached | None]:
    """Fill the derived fields of the deal; give its visits, outcomes, amounts and goals, and how far it got for its lead.

    `steps` are those of its history. Nothing counts before the opening is known.
    """
    if not steps:
        return [], None
    steps = _placed(steps, lead)
    captured = lead.captured_at if lead else None
    opened = fact.opened_at = steps[0].at
    fact.line, fact.cohort_at = ("direct", opened) if fact.lead_id is None else ("lead", captured)
    now = steps[-1]
    fact.owner_id, fact.team_id, fact.source, fact.product, fact.region = now.who
    fact.amount, fact.probability, fact.stage = now.amount, now.probability, now.stage
    last_turn = next(s for s in reversed(steps) if s.kind != "updated")
    fact.is_open = last_turn.kind in _OPEN
    if not fact.is_open:
        fact.stage = last_turn.kind
    opened_by = reduce(first_known, (s.who[:2] for s in steps), NOBODY)
    member = dimensions(lead) if lead is not None else (*opened_by, *now.who[2:])
    stages, unknown = _reached(steps)
    fact.qualified_at = opened if fact.line == "lead" else stages[0]
    outcomes, (fact.qualified_owner_id, fact.qualified_team_id) = _outcomes(fact, steps, captured)
    won = [o for o in outcomes if o.kind == "won"]
    goals = goals_of_deal(fact.id, steps, fact.payments, member, fact.line, fact.cohort_at) if won else []
    _flag(fact, won, unknown)
    rows = [*_visits(steps, fact), *outcomes, *_amounts(steps, fact, member, stages), *goals]
    return rows, Reached(opened, opened_by, stages, goals)


def _flag(fact: DealFact, wins: Sequence[OutcomeFact], unknown: bool) -> None:
    if fact.flags:
        fact.flags = [f for f in fact.flags if f not in _DERIVED_FLAGS]
    if wins and any(win.lead_cycle_us is not None and win.lead_cycle_us < 0 for win in wins):
        fact.flags = [*fact.flags, EARLY]
    if unknown:
        fact.flags = [*fact.flags, UNKNOWN_STAGE]


def _placed(steps: Sequence[Step], lead: LeadFact | None) -> Sequence[Step]:
    """The steps with the lead's source, and with its product and region where the deal has none."""
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
    """When it was first beyond each place of the path, by cycle."""
    current: VisitFact | None = None
    for step in steps:
        if step.kind == "updated":
            continue
        if current is not None:
            # A signature may be dated before the last move. The stay then took no time; it is never negative.
            current.left_at = max(step.at, current.entered_at)
            current.left_to = step.to or step.kind
            current.left_owner_id, current.left_team_id = step.who[:2]
            current.stay_us = microseconds(current.left_at - current.entered_at)
            current.stay_bucket = bucket_of(current.stay_us)
            current = None
        if step.kind in _OPEN:
            entry = (step.cycle, step.stage)
            owner, team, source, product, region = step.who
            current = VisitFact(
                deal_id=fact.id,
                n=len(visits),
                owner_id=owner,
                team_id=team,
                source=source,
                product=product,
                region=region,
                cycle=step.cycle,
                stage=step.stage,
                entered_at=step.at,
                first_in_cycle=entry not in entered,
            )
            visits.append(current)
            entered.add(entry)
        if step.kind != "lost" and step.place > 0:
            first = reached.get(step.cycle)
            if first is None:
                first = reached[step.cycle] = [None] * WON
            for n in range(step.place):
                if (before := first[n]) is None or step.at < before:
                    first[n] = step.at
    for visit in visits:
        here = place(visit.stage)
        passed = reached[visit.cycle][here] if here != UNKNOWN and visit.cycle in reached else None
        visit.passed_at = passed and max(visit.entered_at, passed)
    return visits


def _outcomes(fact: DealFact, steps: Sequence[Step], captured: datetime | None) -> tuple[list[OutcomeFact], Holder]:
    """Its outcomes, and who had it when it was qualified."""
    opened = None if OPENED_UNKNOWN in fact.flags else steps[0].at
    made: list[OutcomeFact] = []
    qualified_by = holder = steps[0].who[:2] if fact.line == "lead" else None
    """`holder` is for whom it counts as open and qualified."""
    standing: dict[str, OutcomeFact] = {}
    """The last win and the last loss, until they are taken back."""
    for step in steps:
        if holder is not None and holder != step.who[:2]:
            made += _handed_over(fact, step, holder, len(made))
            holder = step.who[:2]
        if step.kind in _OUTCOMES:
            outcome = _outcome(fact, step, len(made), step.kind, step.who[:2])
            taken_back = standing.pop(_TAKES_BACK.get(step.kind, ""), None)
            if taken_back is not None:
                outcome.amount, outcome.qualified = taken_back.amount, taken_back.qualified
                outcome.owner_id, outcome.team_id = taken_back.owner_id, taken_back.team_id
                if step.kind == "reversed":
                    taken_back.undone_at = max(step.at, taken_back.at)
            elif step.kind == "lost":
                outcome.qualified = qualified_by is not None
            standing[step.kind] = outcome
            if step.kind == "won":
                _time(outcome, opened, captured)
            made.append(outcome)
            open_again = step.kind == "reversed" or (step.kind == "reopened" and outcome.qualified)
            holder = (outcome.owner_id, outcome.team_id) if open_again else None
            if holder is not None and holder != step.who[:2]:
                made += _handed_over(fact, step, holder, len(made))
                holder = step.who[:2]
        if qualified_by is None and step.place > 0:
            qualified_by = step.who[:2]
            holder = qualified_by if step.kind in _OPEN else None
    return made, qualified_by or NOBODY


def _outcome(fact: DealFact, step: Step, n: int, kind: str, holder: Holder) -> OutcomeFact:
    owner, team = holder
    return OutcomeFact(
        deal_id=fact.id,
        n=n,
        owner_id=owner,
        team_id=team,
        source=step.who[2],
        product=step.who[3],
        region=step.who[4],
        kind=kind,
        at=step.at,
        amount=step.amount,
        line=fact.line,
        cohort_at=fact.cohort_at,
    )


def _handed_over(fact: DealFact, step: Step, before: Holder, n: int) -> list[OutcomeFact]:
    """An open qualified deal went to another owner or team."""
    return [_outcome(fact, step, n, "handed_on", before), _outcome(fact, step, n + 1, "taken_over", step.who[:2])]


_TAKES_BACK = {"reversed": "won", "reopened": "lost"}


def _time(win: OutcomeFact, opened: datetime | None, captured: datetime | None) -> None:
    if opened is not None:
        win.cycle_us = microseconds(win.at - opened)
        win.cycle_bucket = bucket_of(win.cycle_us)
    if captured is not None:
        win.lead_cycle_us = microseconds(win.at - captured)
        win.lead_cycle_bucket = bucket_of(win.lead_cycle_us)


def _amounts(steps: Sequence[Step], fact: DealFact, member: Who, reached: Sequence[datetime | None]) -> list[AmountFact]:
    opened = steps[0].at
    owner, team, source, product, region = member
    changes: list[AmountFact] = []
    before = Decimal(0)
    for step in steps:
        amount = before if step.amount is None else step.amount
        if amount != before or not changes:
            at = max(step.at, opened)
            f5, f6, f7 = [None if first is None else max(first, at) for first in reached]
            change = AmountFact(
                deal_id=fact.id,
                n=len(changes),
                owner_id=owner,
                team_id=team,
                source=source,
                product=product,
                region=region,
                deals=0 if changes else 1,
                delta=amount - before,
                at=at,
                f5_at=f5,
                f6_at=f6,
                f7_at=f7,
                line=fact.line,
                cohort_at=fact.cohort_at,
            )
            changes.append(change)
            before = amount
    return changes


_FUNNEL_PLACES = tuple(place(stage) for stage in FUNNEL_STAGES)


def _reached(steps: Sequence[Step]) -> tuple[tuple[datetime | None, datetime | None, datetime | None], bool]:
    """When it was first in each stage of the funnel or beyond it; and whether it was in a stage that is not known."""
    opened = steps[0].at
    first: list[datetime | None] = [None, None, None]
    unknown = False
    for step in steps:
        here, at = step.place, step.at
        if here > 0:
            for n, at_least in enumerate(_FUNNEL_PLACES):
                if here >= at_least and ((before := first[n]) is None or at < before):
                    first[n] = at if at > opened else opened
        elif here == UNKNOWN:
            unknown = True
    return (first[0], first[1], first[2]), unknown
