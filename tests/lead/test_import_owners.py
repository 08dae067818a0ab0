"""Imported leads of people who left: what is over is history, anything else needs somebody who works on it."""

from typing import Any

from lead_svc.imports.commands import take
from lead_svc.imports.form import LeadRow
from shared.imports.outcome import Outcome
from tests.client import done
from tests.harness import Running
from tests.lead.desk import Desk

CAPTURED = {"captured_at": "2026-01-05T00:00:00Z"}


async def imported(svc: Running, *rows: dict[str, Any]) -> Outcome:
    async with svc.transaction() as tx:
        return await take(tx, [(n, LeadRow.model_validate(row)) for n, row in enumerate(rows, 2)], svc.settings)


async def test_only_leads_that_are_not_over_need_an_owner_who_is_there(desk: Desk, svc: Running) -> None:
    await imported(svc, {"external_id": "before", "owner": "bob", **CAPTURED})
    path, left = f"/v1/team/people/{desk.id('bob')}", {"active": False}
    done(await desk.by("admin").patch(path, json=left, headers={"If-Match": "*"}), 200)
    made = await imported(
        svc,
        {"external_id": "new", "owner": "bob", **CAPTURED},
        {"external_id": "over", "owner": "bob", **CAPTURED, "disqualified_at": "2026-02-01T00:00:00Z"},
        {"external_id": "others", "owner": "ann", **CAPTURED},
        {"external_id": "before", "owner": "bob", **CAPTURED, "company": "Acme"},
    )
    assert [(p.line, p.field) for p in made.problems] == [(2, "owner_id")]
    assert (made.created, made.updated) == (2, 1)
