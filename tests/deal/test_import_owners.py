"""Imported deals of people who left: what is closed is history, what is open needs somebody who works on it."""

from typing import Any

from deal_svc.imports.commands import take
from deal_svc.imports.form import DealRow
from shared.events.team import PersonChanged
from shared.imports.outcome import Outcome
from tests.deal.sales import TEAM, Sales
from tests.harness import Running

OPEN = {"opened_at": "2026-01-05T00:00:00Z", "amount": "100", "currency": "CNY"}
LOST = {**OPEN, "outcome": "lost", "closed_at": "2026-02-01T00:00:00Z"}


async def imported(svc: Running, *rows: dict[str, Any]) -> Outcome:
    async with svc.transaction() as tx:
        return await take(tx, [(n, DealRow.model_validate(row)) for n, row in enumerate(rows, 2)], svc.settings)


async def test_only_open_deals_need_an_owner_who_is_there(sales: Sales, svc: Running) -> None:
    await imported(svc, {"external_id": "before", "owner": "ann", **OPEN})
    left = PersonChanged(role="rep", team_id=TEAM, team_path=[TEAM], active=False)
    await svc.hear(left, svc.person("rep", "ann"), 2)
    done = await imported(
        svc,
        {"external_id": "open", "owner": "ann", **OPEN},
        {"external_id": "lost", "owner": "ann", **LOST},
        {"external_id": "others", "owner": "bob", **OPEN},
        {"external_id": "before", "owner": "ann", **OPEN, "amount": "200"},
    )
    assert [(p.line, p.field, p.code) for p in done.problems] == [(2, "owner", "inactive_person")]
    assert (done.created, done.updated) == (2, 1)
