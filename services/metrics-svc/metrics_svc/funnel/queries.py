"""Reading the funnel."""

from dataclasses import replace
from datetime import timedelta
from math import ceil

from metrics_svc.figures.asked import Asked
from metrics_svc.figures.queries import read_sums
from metrics_svc.figures.rules import Sums
from metrics_svc.funnel.rules import PARTS
from metrics_svc.kpi import Part, merged
from metrics_svc.measures import WON_FROM_LEAD
from shared.auth import Actor
from shared.db import Reader

PATH_QUANTILE = 0.9


async def read_funnel(db: Reader, actor: Actor, asked: Asked) -> Sums:
    return await read_sums(db, actor, asked, PARTS)


async def only_mature(db: Reader, actor: Actor, asked: Asked) -> Asked:
    """Leaves out members younger than the time in which 90 % of the won went the whole path: they had no fair chance yet."""
    known = replace(asked, start=None, end=None, by=None, filters={})
    found = await read_sums(db, actor, known, [Part(WON_FROM_LEAD, "period")], quantiles=True)
    days = merged([sums[0] for sums in found.values()]).quantile_days(PATH_QUANTILE)
    if days is None:
        return asked
    mature_until = asked.close if asked.end is None else min(asked.seen, asked.today + timedelta(days=1))
    ripe = mature_until - timedelta(days=ceil(max(days, 0)))
    return replace(asked, end=ripe if asked.end is None else min(asked.end, ripe))
