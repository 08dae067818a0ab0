"""A deal's history as its fact keeps it: one step per event that figures need, in version order."""

from collections.abc import Callable, Sequence
from datetime import datetime
from decimal import Decimal
from itertools import zip_longest
from typing import Any, NamedTuple

from metrics_svc.counting.dimensions import COLUMNS, NOWHERE, Who, kept, who_of
from metrics_svc.counting.stages import PLACES, UNKNOWN, WON, place_told
from shared.events import deal as events
from shared.events.envelope import Envelope
from shared.ids import read_id
from shared.spelling import normal_source

OPEN = ("opened", "moved", "reopened", "reversed")
"""The steps after which a deal is open, in the step's stage."""


class Step(NamedTuple):
    """`stage` is where the deal is afterwards, or where it was when it was won or lost. `amount` is in the reporting currency."""

    kind: str
    at: datetime
    stage: str
    place: int
    to: str | None
    cycle: int
    amount: Decimal | None
    probability: int | None
    who: Who


def read_steps(history: Sequence[Sequence[Any]], after: Step | None) -> list[Step]:
    """The steps. What one does not say (owner, team, amount ...) is taken from the step before, or from `after` for the first."""
    steps: list[Step] = []
    last = after
    told_before: list[Any] | None = None
    for kind, at, stage, to, cycle, amount, probability, *told in history:
        time = datetime.fromisoformat(at)
        before = last or Step(kind, time, stage, 0, to, cycle, None, None, NOWHERE)
        here = before.place if stage is None and before.kind != "won" else UNKNOWN
        if type(stage) is list:  # one that this release did not know, with its place
            stage, here = stage
        stage = stage or before.stage
        last = Step(  # by position, as they stand above: names take half as long again, for every step of every deal that is heard of
            kind,
            time,
            stage,
            WON if kind == "won" else PLACES.get(stage, here),
            to,
            cycle or before.cycle,
            before.amount if amount is None else Decimal(amount),
            before.probability if probability is None else probability,
            before.who if told == told_before else _who(told, before.who),
        )
        told_before = told
        steps.append(last)
    return steps


def _who(told: Sequence[Any], before: Who) -> Who:
    """The dimensions of a step. One that was told before there were as many says nothing of the others."""
    owner, team, source, *others = told
    holder = (read_id(owner), read_id(team) if team else None) if owner else before[:2]
    source = normal_source(source) if source else before[2]
    return who_of(holder, [source, *[now or then for now, then in zip_longest(others, before[3:])]])


def _stage(data: Any, stage: str) -> Any:
    """The stage; if this release does not know it, with the place that the event's order of stages gives it."""
    return stage if stage in PLACES else [stage, place_told(stage, tuple(data.stage_order))]


def _raw(
    kind: str, e: Envelope[Any], stage: str | None, to: str | None = None, cycle: int | None = None, probability: int | None = None
) -> list[Any]:
    data = e.data
    amount = getattr(data, "amount", None)
    if kind == "updated" and _WORTH.isdisjoint(data.changed):
        amount = None  # another owner of a won deal, for example: what was counted keeps its amount
    return [
        kind,
        e.time.isoformat(),
        None if stage is None else _stage(data, stage),
        to,
        cycle,
        None if amount is None else str(amount.amount * data.fx),
        probability,
        *_described(data),
    ]


_KIND = COLUMNS.index("deal_kind")
_KIND_AT = 7 + _KIND  # the dimensions are the end of a step


def _described(data: Any) -> list[str | None]:
    """The dimensions. Openings told the kind of the deal already before it was one of them."""
    found = kept(data)
    found[_KIND] = found[_KIND] or getattr(data, "kind", None)
    return found


_WORTH = frozenset({"amount", "currency", "fx"})

STEPS: dict[type[Any], Callable[[Any], list[Any]]] = {
    events.DealOpened: lambda e: _raw("opened", e, e.data.stage, None, 1, e.data.probability),
    events.DealStageChanged: lambda e: _raw("moved", e, e.data.to_stage, e.data.direction, e.data.cycle, e.data.probability),
    events.DealUpdated: lambda e: _raw("updated", e, None, probability=e.data.probability),
    events.DealWon: lambda e: _raw("won", e, e.data.from_stage, None, e.data.cycle, 100),
    events.DealLost: lambda e: _raw("lost", e, e.data.from_stage, None, e.data.cycle, 0),
    events.DealReopened: lambda e: _raw("reopened", e, e.data.stage, None, e.data.cycle, e.data.probability),
    events.DealWinReversed: lambda e: _raw("reversed", e, e.data.stage, None, e.data.cycle, e.data.probability),
}
"""What an event adds to the history."""


def _again(e: Envelope[events.DealHistoryCorrected], before: Sequence[Sequence[Any]]) -> list[list[Any]]:
    """The steps of a corrected history, as the events of a first import would have told them.

    A correction that was told before kinds were a dimension leaves the deal's as it was.
    """
    data = e.data
    worth = str(data.amount.amount * data.fx)
    behind = kept(data)
    behind[_KIND] = behind[_KIND] or next((step[_KIND_AT] for step in before if len(step) > _KIND_AT and step[_KIND_AT]), None)
    steps: list[list[Any]] = [
        [
            "moved" if v.direction else "opened",
            v.entered_at.isoformat(),
            _stage(data, v.stage),
            v.direction,
            1,
            worth,
            v.probability,
            *behind,
        ]
        for v in data.visits
    ]
    if data.closed_at is not None:
        probability = 100 if data.outcome == "won" else 0
        steps.append([data.outcome, data.closed_at.isoformat(), _stage(data, data.visits[-1].stage), None, 1, worth, probability, *behind])
    return steps


REPLACES: dict[type[Any], Callable[[Any, Sequence[Sequence[Any]]], list[list[Any]]]] = {events.DealHistoryCorrected: _again}
"""What an event puts in the place of all that the history held before."""


def flagged(flags: list[str], name: str) -> list[str]:
    return flags if name in flags else [*flags, name]
