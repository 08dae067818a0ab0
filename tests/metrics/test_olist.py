"""A published funnel of real leads (8,000 leads, 842 won): the figures are known from its files, which stay out of the project."""

import csv
import random
from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import mean, median
from typing import Any

import pytest

from tests.harness import Running
from tests.metrics.told import Deal, Lead, events_of, get, hear, kpi

OLIST = Path(__file__).resolve().parents[3] / "shared" / "data" / "olist"

Row = tuple[str, str | None, datetime, datetime | None]
"""Lead, source, first contact, won."""


def _made_up() -> list[Row]:
    """The same kind of data, for everywhere else."""
    chance = random.Random(7)
    rows: list[Row] = []
    for n in range(300):
        captured = datetime(2017, 6, 14, tzinfo=UTC) + timedelta(days=chance.randrange(350))
        won = captured + timedelta(seconds=chance.randrange(-100_000, 30_000_000)) if chance.random() < 0.15 else None
        rows.append((f"lead-{n}", chance.choice(["email", "social", "paid search", None]), captured, won))
    return rows


def _published() -> list[Row]:
    won = {r["mql_id"]: datetime.fromisoformat(r["won_date"] + "+00:00") for r in csv.DictReader((OLIST / "closed_deals.csv").open())}
    leads = csv.DictReader((OLIST / "marketing_qualified_leads.csv").open())
    return [
        (r["mql_id"], r["origin"] or None, datetime.fromisoformat(r["first_contact_date"] + "T00:00:00+00:00"), won.get(r["mql_id"]))
        for r in leads
    ]


def _told(rows: list[Row]) -> tuple[list[Lead], list[Deal]]:
    leads = [Lead(key).captured(at, source=source) for key, source, at, _ in rows]
    deals = [
        Deal(row[0], lead).opened(row[3], imported=True).won(row[3]) for row, lead in zip(rows, leads, strict=True) if row[3] is not None
    ]
    return leads, deals


def _n(line: Any, step: str) -> int:
    return int(next(s["n"] for s in line["steps"] if s["step"] == step))


async def _holds(svc: Running, rows: list[Row]) -> None:
    """Every figure is what the rows say."""
    funnel = await get(svc, "funnel", by="source")
    won = [r for r in rows if r[3] is not None]
    assert [_n(funnel["total"], f"F{k}") for k in (1, 8, 9)] == [len(rows), len(won), 0]
    assert funnel["total"]["overall"] == pytest.approx(len(won) / len(rows))
    leads_by = Counter(source or "(none)" for _, source, _, _ in rows)
    won_by = Counter(source or "(none)" for _, source, _, _ in won)
    table = {g["group"]: (_n(g, "F1"), _n(g, "F4"), _n(g, "F8")) for g in funnel["groups"]}
    assert table == {source: (n, won_by[source], won_by[source]) for source, n in leads_by.items()}
    assert all(s["n"] == 0 for s in funnel["direct"]["steps"])

    days = [(w - c).total_seconds() / 86_400 for _, _, c, w in won if w]
    cycle = (await kpi(svc, "sales_cycle"))["parts"]
    assert cycle["from_lead_mean"] == pytest.approx(mean(days))
    assert cycle["from_lead_median"] == pytest.approx(median(days), rel=0.02)

    as_of = rows[0][2] + timedelta(days=20)
    end = (as_of + timedelta(days=1)).replace(hour=0, minute=0, second=0)
    earlier = await get(svc, "funnel", as_of=as_of.date().isoformat())
    known = [r for r in rows if r[2] < end]
    assert _n(earlier["total"], "F1") == len(known)
    assert _n(earlier["total"], "F8") == len([r for r in known if r[3] and r[3] < end])


async def test_made_up_rows(svc: Running) -> None:
    rows = _made_up()
    leads, deals = _told(rows)
    await hear(svc, events_of(leads) + events_of(deals))
    await _holds(svc, rows)


async def test_deals_before_their_leads(svc: Running) -> None:
    rows = _made_up()
    leads, deals = _told(rows)
    await hear(svc, events_of(deals) + events_of(leads), batch=97)
    await _holds(svc, rows)


@pytest.mark.skipif(not OLIST.exists(), reason="the published files lie beside the project, where they may be kept")
async def test_published_rows(svc: Running) -> None:
    rows = _published()
    leads, deals = _told(rows)
    await hear(svc, events_of(deals[::2]) + events_of(leads) + events_of(deals[1::2]))
    await _holds(svc, rows)
    funnel = await get(svc, "funnel", by="source")
    assert [_n(funnel["total"], k) for k in ("F1", "F8")] == [8000, 842]
    assert funnel["total"]["overall"] == 0.10525
    first = funnel["groups"][0]
    assert (first["group"], _n(first, "F1"), _n(first, "F8")) == ("organic search", 2296, 271)
    none = next(g for g in funnel["groups"] if g["group"] == "(none)")
    assert (_n(none, "F1"), _n(none, "F8")) == (60, 14)
    cycle = (await kpi(svc, "sales_cycle"))["parts"]
    assert round(cycle["from_lead_mean"], 2) == 49.10
    assert cycle["from_lead_median"] == pytest.approx(14.72, rel=0.02)
    earlier = await get(svc, "funnel", as_of="2018-03-01")
    assert [_n(earlier["total"], k) for k in ("F1", "F8")] == [4210, 194]
    early = [r for r in (await get(svc, "kpis/sales_cycle/records", measure="won_from_lead", limit=200))["items"] if r["days"] < 0]
    assert [round(r["days"], 2) for r in early] == [-1.18] or not early
