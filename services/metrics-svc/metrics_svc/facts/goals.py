"""When a deal was won and paid, and when it no longer was; a lead is won or paid as long as one of its deals is."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from decimal import Decimal
from typing import NamedTuple
from uuid import UUID

from metrics_svc.facts.history import Step
from metrics_svc.facts.rows import GoalFact, LeadGoalFact, Who

_UNDOES = {"reversed": "won", "unpaid": "paid"}


class _Turn(NamedTuple):
    at: datetime
    kind: str
    contract: str
    amount: Decimal


def goals_of_deal(
    deal_id: UUID, steps: Sequence[Step], payments: Sequence[Sequence[str]], who: Who, line: str | None, cohort_at: datetime | None
) -> list[GoalFact]:
    """The goals of a deal in the order of their times. Nothing counts before its opening, and `paid` only while it is won."""
    won: Decimal | None = None
    paid: Decimal | None = None
    contracts: dict[str, Decimal] = {}
    goals: list[GoalFact] = []
    owner, team, source, product, region = who

    def tell(kind: str, at: datetime, amount: Decimal) -> None:
        goal = GoalFact(
            deal_id=deal_id,
            n=len(goals),
            owner_id=owner,
            team_id=team,
            source=source,
            product=product,
            region=region,
            kind=kind,
            at=at,
            amount=amount,
            line=line,
            cohort_at=cohort_at,
        )
        goals.append(goal)

    for at, kind, contract, amount in sorted([*_wins(steps), *_payments(payments, steps[0].at)], key=lambda turn: turn.at):
        if kind == "won" and won is None:
            won = amount
            tell("won", at, won)
        elif kind == "reversed" and won is not None:
            if paid is not None:
                tell("unpaid", at, paid)
                paid = None
            tell("reversed", at, won)
            won = None
        elif kind == "paid":
            contracts[contract] = amount
        elif kind == "unpaid":
            contracts.pop(contract, None)
        in_full = sum(contracts.values(), Decimal(0)) if contracts and won is not None else None
        if in_full != paid:
            if paid is not None:
                tell("unpaid", at, paid)
            if in_full is not None:
                tell("paid", at, in_full)
            paid = in_full
    return goals


def _wins(steps: Sequence[Step]) -> Iterable[_Turn]:
    before = steps[0].at
    for step in steps:
        if step.kind in ("won", "reversed"):
            before = max(before, step.at)
            yield _Turn(before, step.kind, "", step.amount or Decimal(0))


def _payments(payments: Sequence[Sequence[str]], opened: datetime) -> Iterable[_Turn]:
    before: dict[str, datetime] = {}
    for contract, kind, told_at, amount in payments:
        at = before[contract] = max(before.get(contract, opened), datetime.fromisoformat(told_at))
        yield _Turn(at, kind, contract, Decimal(amount))


def goals_of_lead(lead_id: UUID, who: Who, captured_at: datetime | None, goals: Sequence[GoalFact]) -> list[LeadGoalFact]:
    """The goals of a lead: when the first of its deals got there, and when the last one was taken back."""
    owner, team, source, product, region = who
    there = dict.fromkeys(_UNDOES.values(), 0)
    found: list[LeadGoalFact] = []
    for goal in sorted(goals, key=lambda g: (g.at, g.deal_id, g.n)):
        undone = _UNDOES.get(goal.kind)
        there[undone or goal.kind] += -1 if undone else 1
        if there[undone or goal.kind] == (0 if undone else 1):
            lead_goal = LeadGoalFact(
                lead_id=lead_id,
                n=len(found),
                owner_id=owner,
                team_id=team,
                source=source,
                product=product,
                region=region,
                kind=goal.kind,
                at=goal.at,
                cohort_at=captured_at,
            )
            found.append(lead_goal)
    return found
