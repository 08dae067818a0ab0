"""Stretches of open deals without a touch: nobody dealt with the customer, and the deal did not move."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import accumulate
from uuid import UUID

from metrics_svc.counting.dimensions import NOWHERE, Placed
from metrics_svc.counting.fact import Fact
from metrics_svc.counting.measure import Measure
from metrics_svc.counting.stages import STAGES
from metrics_svc.facts.interaction import LANE
from metrics_svc.sales.history import OPEN, Step


@dataclass(slots=True)
class QuietFact(Placed):
    """A deal is open in a stage, and was touched last at `since`. Another owner begins another row `at` that time, as quiet as before."""

    deal_id: UUID
    n: int
    stage: str
    since: datetime
    at: datetime
    ended_at: datetime | None = None


_SHORT = timedelta(days=1)
"""Stretches that ended sooner are not kept: no limit is shorter, and a busy deal has many."""


def quiet(deal_id: UUID, steps: Sequence[Step], touched: Sequence[datetime]) -> Iterator[QuietFact]:
    """From the steps in the order of their versions, and the times of touches that are no steps."""
    n = 0
    for row in _stretches(deal_id, steps, touched):
        if row.ended_at is None or (row.ended_at > row.at and row.ended_at - row.since >= _SHORT):
            row.n = n
            n += 1
            yield row


def _stretches(deal_id: UUID, steps: Sequence[Step], touched: Sequence[datetime]) -> Iterator[QuietFact]:
    # A signature may be dated before the last move. It ends the deal then, and not before.
    times = accumulate((step.at for step in steps), max)
    moments: list[tuple[datetime, Step | None]] = [*zip(times, steps, strict=True), *[(at, None) for at in touched]]
    row: QuietFact | None = None
    stage, who = None, NOWHERE
    for at, step in sorted(moments, key=lambda moment: moment[0]):
        touch = step is None or step.kind != "updated"
        if row is None and (step is None or not touch):
            continue
        if step is not None:
            if not touch and step.who == who:
                continue
            who = step.who
            if touch:
                stage = step.stage if step.kind in OPEN else None
        since = at
        if row is not None:
            since = at if touch else row.since
            row.ended_at = at
            yield row
        row = None if stage is None else QuietFact(*who, deal_id=deal_id, n=0, stage=stage, since=since, at=at)
    if row is not None:
        yield row


FACT = Fact(
    "quiet_fact",
    QuietFact,
    ("deal_id", "n"),
    lane=LANE,
    record="deal",
    indexes=("ended_at since", "owner_id"),
)

QUIET = {s: Measure(f"{s}_quiet", QuietFact, at="at", cohort="since", ends="ended_at", aged=True, where={"stage": s}) for s in STAGES}
