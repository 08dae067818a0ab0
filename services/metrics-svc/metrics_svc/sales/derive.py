"""What is counted of a deal, derived from its history, its lead and its payments. Late data therefore corrects every figure."""

from collections.abc import Sequence
from datetime import datetime
from functools import reduce
from typing import Any

from metrics_svc.counting.dimensions import NOBODY, NOWHERE, OF_LEAD, Who, dimensions, place_at, who_of
from metrics_svc.counting.stages import FUNNEL, PLACES, place
from metrics_svc.facts.amount import amounts
from metrics_svc.facts.deal import UNKNOWN_STAGE, DealFact
from metrics_svc.facts.goal import goals_of_deal
from metrics_svc.facts.lead import LeadFact, Reached
from metrics_svc.facts.outcome import OutcomeFact, outcomes
from metrics_svc.facts.visit import visits
from metrics_svc.sales.history import OPEN, Step
from metrics_svc.sales.holders import first_known

EARLY = "won_before_contact"
_DERIVED_FLAGS = (EARLY, UNKNOWN_STAGE)


def derive(fact: DealFact, steps: Sequence[Step], lead: LeadFact | None) -> tuple[list[Any], Reached | None]:
    """Fill the derived fields of the deal; give its visits, outcomes, amounts and goals, and how far it got for its lead.

    `steps` are those of its history. Nothing counts before the opening is known.
    """
    if not steps:
        return [], None
    steps = _as_signed(_placed(steps, lead))
    captured = lead.captured_at if lead else None
    opened = fact.opened_at = steps[0].at
    fact.line, fact.cohort_at = ("direct", opened) if fact.lead_id is None else ("lead", captured)
    now = steps[-1]
    place_at(fact, now.who)
    fact.amount, fact.probability, fact.stage = now.amount, now.probability, now.stage
    last_turn = next(s for s in reversed(steps) if s.kind != "updated")
    fact.is_open = last_turn.kind in OPEN
    if not fact.is_open:
        fact.stage = last_turn.kind
    opened_by = reduce(first_known, (s.who[:2] for s in steps), NOBODY)
    member = dimensions(lead) if lead is not None else (*opened_by, *now.who[2:])
    stages, unknown = _reached(steps)
    fact.qualified_at = opened if fact.line == "lead" else stages[0]
    ended, (fact.qualified_owner_id, fact.qualified_team_id) = outcomes(fact, steps, captured)
    won = [o for o in ended if o.kind == "won"]
    goals = goals_of_deal(fact, steps, member) if won else []
    _flag(fact, won, unknown)
    rows = [*visits(steps, fact), *ended, *amounts(steps, fact, member, stages), *goals]
    return rows, Reached(opened, opened_by, stages, goals)


def _flag(fact: DealFact, wins: Sequence[OutcomeFact], unknown: bool) -> None:
    if fact.flags:
        fact.flags = [f for f in fact.flags if f not in _DERIVED_FLAGS]
    if wins and any(win.lead_cycle_us is not None and win.lead_cycle_us < 0 for win in wins):
        fact.flags = [*fact.flags, EARLY]
    if unknown:
        fact.flags = [*fact.flags, UNKNOWN_STAGE]


def _as_signed(steps: Sequence[Step]) -> Sequence[Step]:
    """The steps with each win worth what was signed, also where that was told only after a win by hand."""
    signed: list[Step] | None = None
    for n, step in enumerate(steps):
        if step.kind == "won" and n + 1 < len(steps):
            end = next((later for later in range(n + 1, len(steps)) if steps[later].kind != "updated"), len(steps))
            if steps[end - 1].amount != step.amount:
                signed = signed or list(steps)
                signed[n:end] = [told._replace(amount=steps[end - 1].amount) for told in steps[n:end]]
    return signed or steps


def _placed(steps: Sequence[Step], lead: LeadFact | None) -> Sequence[Step]:
    """The steps with the lead's dimensions: those that go before the deal's, and others where the deal has none."""
    if lead is None or lead.captured_at is None:
        return steps
    of_lead = dimensions(lead)[2:]
    placed: list[Step] = []
    own: Who | None = None
    who: Who = NOWHERE
    for step in steps:
        if step.who != own:
            own = step.who
            others = zip(OF_LEAD, own[2:], of_lead, strict=True)
            who = who_of(own[:2], [(its or mine) if first else (mine or its) for first, mine, its in others])
        placed.append(step if who == own else Step(*step[:-1], who))  # `_replace` takes ten times as long
    return placed


_FUNNEL_PLACES = tuple(place(stage) for stage in FUNNEL)


def _reached(steps: Sequence[Step]) -> tuple[tuple[datetime | None, ...], bool]:
    """When it was first in each stage of the funnel or beyond it; and whether it was in a stage that is not known."""
    opened = steps[0].at
    first: list[datetime | None] = [None for _ in FUNNEL]
    unknown = False
    for step in steps:
        here, at = step.place, step.at
        if here > 0:
            for n, at_least in enumerate(_FUNNEL_PLACES):
                if here >= at_least and ((before := first[n]) is None or at < before):
                    first[n] = at if at > opened else opened
        if step.stage not in PLACES:
            unknown = True
    return tuple(first), unknown
