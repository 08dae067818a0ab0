"""The rows of a KPI that answer a question."""

from metrics_svc.figures.access import must_divide, must_see
from metrics_svc.figures.queries import read_sums
from metrics_svc.figures.question import Grain, Question, periods
from metrics_svc.figures.rules import Row, Sums, groups, row, series, total
from metrics_svc.kpi import Kpi
from shared.auth import Actor
from shared.db.tx import Reader
from shared.errors import Invalid


async def answer(db: Reader, actor: Actor, kpi: Kpi, asked: Question, grain: Grain | None) -> tuple[Row, list[Row]]:
    """The figure over the whole question, and the rows by period and group. `Forbidden` for whom it is not."""
    must_see(kpi.parts, actor)
    must_divide(kpi.parts, asked)
    if kpi.one_by_one:
        return await _one_by_one(db, actor, kpi, asked, grain)
    found = await read_sums(db, actor, asked, kpi.parts, grain, quantiles=kpi.quantiles)
    over_all = row(kpi, total(kpi, found), asked.start, asked.end, None)
    if grain is not None:
        return over_all, list(series(kpi, asked, grain, found))
    return over_all, _by_group(kpi, asked, found) if asked.by else [over_all]


async def _one_by_one(db: Reader, actor: Actor, kpi: Kpi, asked: Question, grain: Grain | None) -> tuple[Row, list[Row]]:
    """A figure as of an end, or against the period before, is read once for each period."""
    found = await read_sums(db, actor, asked, kpi.parts, quantiles=kpi.quantiles)
    over_all = row(kpi, total(kpi, found), asked.start, asked.end, None)
    if grain is None:
        return over_all, _by_group(kpi, asked, found) if asked.by else [over_all]
    if asked.start is None:
        raise Invalid("This figure is read for each period by itself: say from when, with `from`.", pointer="from", code="from_needed")
    rows: list[Row] = []
    for start, end in periods(asked, grain, asked.start, asked.close):
        part = asked.within(start, end)
        found = await read_sums(db, actor, part, kpi.parts, quantiles=kpi.quantiles)
        rows += _by_group(kpi, part, found) if asked.by else [row(kpi, total(kpi, found), start, end, None)]
    return over_all, rows


def _by_group(kpi: Kpi, asked: Question, found: Sums) -> list[Row]:
    return [row(kpi, found[None, group], asked.start, asked.end, group) for group in groups(found)]
