"""A deal's history as its fact keeps it: one step per event that figures need, in version order."""

from datetime import datetime
from decimal import Decimal
from functools import lru_cache
from typing import Any, NamedTuple
from uuid import UUID

from metrics_svc.stages import WON, place
from shared.events import deal as events
from shared.events.envelope import Envelope

uuid_of = lru_cache(maxsize=4096)(UUID)


class Step(NamedTuple):
    """`stage` is where the deal is afterwards, or where it was when it was won or lost. `amount` is in the reporting currency."""

    kind: str
    at: datetime
    stage: str
    to: str | None
    cycle: int
    amount: Decimal | None
    probability: int | None
    owner_id: UUID | None
    team_id: UUID | None
    source: str | None
    product: str | None
    region: str | None

    @property
    def place(self) -> int:
        return WON if self.kind == "won" else place(self.stage)


def read_steps(history: list[list[Any]]) -> list[Step]:
    """The steps, each with what it does not say taken from the one before: owner, team, amount and so on."""
    steps: list[Step] = []
    last: Step | None = None
    for kind, at, stage, to, cycle, amount, probability, owner, team, source, product, region in history:
        if last is None:
            last = Step(kind, at, stage, to, cycle, None, None, None, None, None, None, None)
        last = Step(
            kind,
            datetime.fromisoformat(at),
            stage or last.stage,
            to,
            cycle or last.cycle,
            last.amount if amount is None else Decimal(amount),
            last.probability if probability is None else probability,
            uuid_of(owner) if owner else last.owner_id,
            (uuid_of(team) if team else None) if owner else last.team_id,
            source or last.source,
            product or last.product,
            region or last.region,
        )
        steps.append(last)
    return steps


def _raw(
    kind: str, e: Envelope[Any], stage: str | None, to: str | None = None, cycle: int | None = None, probability: int | None = None
) -> list[Any]:
    data = e.data
    amount = getattr(data, "amount", None)
    return [
        kind,
        e.time.isoformat(),
        stage,
        to,
        cycle,
        None if amount is None else str(amount.amount * data.fx),
        probability,
        str(data.owner_id) if data.owner_id else None,
        str(data.team_id) if data.team_id else None,
        data.source,
        data.product,
        data.region,
    ]


def step_of(e: Envelope[Any]) -> list[Any] | None:
    """What an event adds to the history; None for one that only shows that the deal is alive."""
    match e.data:
        case events.DealOpened(stage=stage, probability=probability):
            return _raw("opened", e, stage, cycle=1, probability=probability)
        case events.DealStageChanged(to_stage=stage, direction=to, cycle=cycle, probability=probability):
            return _raw("moved", e, stage, to, cycle, probability)
        case events.DealUpdated():
            return _raw("updated", e, None)
        case events.DealWon(from_stage=stage, cycle=cycle):
            return _raw("won", e, stage, cycle=cycle, probability=100)
        case events.DealLost(from_stage=stage, cycle=cycle):
            return _raw("lost", e, stage, cycle=cycle, probability=0)
        case events.DealReopened(stage=stage, cycle=cycle, probability=probability):
            return _raw("reopened", e, stage, cycle=cycle, probability=probability)
        case events.DealWinReversed(stage=stage, cycle=cycle, probability=probability):
            return _raw("reversed", e, stage, cycle=cycle, probability=probability)
    return None
