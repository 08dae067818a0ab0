"""When a deal was won and paid, and when it no longer was."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import NamedTuple
from uuid import UUID

from metrics_svc.counting.dimensions import Placed, Who
from metrics_svc.counting.fact import SALES, Fact
from metrics_svc.counting.measure import Measure
from metrics_svc.facts.amount import LINES
from metrics_svc.facts.deal import DealFact, nets_of_contracts
from metrics_svc.sales.history import Step


@dataclass(slots=True)
class GoalFact(Placed):
    """A deal reached a goal of the funnel (won, paid) or lost it again (reversed, unpaid), one after the other.

    A deal is paid while it is won and a contract of it is paid in full. Dimensions are those of the member of the funnel, which is
    the deal's lead or, on the line `direct`, the deal: the same at every step, so that no group has more at a later one. `amount` is
    without tax; `gross` is what was paid, with it.
    """

    deal_id: UUID
    n: int
    kind: str
    at: datetime
    amount: Decimal | None = None
    line: str | None = None
    cohort_at: datetime | None = None
    gross: Decimal | None = None


class _Worth(NamedTuple):
    net: Decimal
    gross: Decimal | None = None


_SMALLEST = Decimal("0.0001")
"""As fine as amounts are kept."""


class _Turn(NamedTuple):
    at: datetime
    kind: str
    contract: str
    worth: _Worth


def goals_of_deal(fact: DealFact, steps: Sequence[Step], who: Who) -> list[GoalFact]:
    """The goals of a deal in the order of their times. Nothing counts before its opening, and `paid` only while it is won."""
    won: _Worth | None = None
    paid: _Worth | None = None
    contracts: dict[str, _Worth] = {}
    goals: list[GoalFact] = []

    def tell(kind: str, at: datetime, worth: _Worth) -> None:
        goal = GoalFact(
            *who,
            deal_id=fact.id,
            n=len(goals),
            kind=kind,
            at=at,
            amount=worth.net,
            line=fact.line,
            cohort_at=fact.cohort_at,
            gross=worth.gross,
        )
        goals.append(goal)

    for at, kind, contract, worth in sorted([*_wins(steps), *_payments(fact, steps[0].at)], key=lambda turn: turn.at):
        if kind == "won" and won is None:
            won = worth
            tell("won", at, won)
        elif kind == "reversed" and won is not None:
            if paid is not None:
                tell("unpaid", at, paid)
                paid = None
            tell("reversed", at, won)
            won = None
        elif kind == "paid":
            contracts[contract] = worth
        elif kind == "unpaid":
            contracts.pop(contract, None)
        in_full = _all_of(contracts.values()) if contracts and won is not None else None
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
            yield _Turn(before, step.kind, "", _Worth(step.amount or Decimal(0)))


def _payments(fact: DealFact, opened: datetime) -> Iterable[_Turn]:
    """What came in without tax is the same share of it as of the contract. Where nobody knows that share, all of it counts."""
    before: dict[str, datetime] = {}
    nets = nets_of_contracts(fact)
    for contract, kind, told_at, *amounts in fact.payments:
        at = before[contract] = max(before.get(contract, opened), datetime.fromisoformat(told_at))
        gross, total = Decimal(amounts[0]), Decimal(amounts[-1])  # an earlier release kept one: the total
        net = nets.get(contract, total)
        yield _Turn(at, kind, contract, _Worth(net if gross == total else (net * gross / total).quantize(_SMALLEST), gross))


def _all_of(contracts: Iterable[_Worth]) -> _Worth:
    net, gross = zip(*contracts, strict=True)
    return _Worth(sum(net, Decimal(0)), sum(gross, Decimal(0)))


FACT = Fact("goal_fact", GoalFact, ("deal_id", "n"), lane=SALES, record="deal", indexes=("kind cohort_at", "owner_id"))


KINDS = ("won", "reversed", "paid", "unpaid")
DEAL_GOALS = {
    (line, kind): Measure(f"{name}_{kind}", GoalFact, at="at", cohort="cohort_at", value="amount", where={"kind": kind, "line": line})
    for line, name in LINES.items()
    for kind in KINDS
}
PAID_GROSS = {
    (line, kind): Measure(f"{name}_{kind}_gross", GoalFact, at="at", cohort="cohort_at", value="gross", where={"kind": kind, "line": line})
    for line, name in LINES.items()
    for kind in ("paid", "unpaid")
}
