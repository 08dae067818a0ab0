"""The import of spend: a file with a key, a campaign, days and an amount on each line, as ad platforms give them."""

from collections.abc import Sequence
from decimal import Decimal
from functools import partial
from typing import Annotated

from pydantic import BaseModel, Field

from lead_svc.campaigns.commands import Said, record_many
from lead_svc.campaigns.fields import SpentOn
from lead_svc.campaigns.record import campaign_id
from lead_svc.campaigns.rules import KEEPERS
from shared.db.tx import Tx
from shared.errors import Problem as Refusal
from shared.fields import Key, Short
from shared.imports import job
from shared.imports.amounts import Amount
from shared.imports.api import imports_router
from shared.imports.dates import Day
from shared.imports.importer import Importer
from shared.imports.outcome import Outcome, Problem
from shared.money import Currency
from shared.process.settings import Settings


class _Keyed(BaseModel):
    external_id: Key
    campaign: Annotated[Short, Field(description="The name of a campaign that is planned.")]


class SpendRow(SpentOn, _Keyed):
    """What was spent on a campaign on some days."""

    starts_on: Day
    ends_on: Day | None = None
    amount: Annotated[Amount, Field(ge=0, max_digits=18, decimal_places=4)]
    currency: Currency


_WHERE = {"unknown_campaign": "campaign", "no_fx_rate": "currency", "too_fine": "amount"}


async def take(tx: Tx, rows: Sequence[tuple[int, SpendRow]], _: Settings) -> Outcome:
    """Record each row; one that is known by its key gets its amount corrected."""
    outcome = Outcome()
    given = [_said(row) for _, row in rows]
    for (line, _row), answer in zip(rows, await record_many(tx, given, "imported again with another amount"), strict=True):
        if isinstance(answer, Refusal):
            outcome.problems.append(_problem(line, answer))
        else:
            outcome.created += answer.outcome == "created"
            outcome.updated += answer.outcome == "updated"
            outcome.unchanged += answer.outcome == "unchanged"
    return outcome


def _said(row: SpendRow) -> Said:
    amount: Decimal = row.amount
    return Said(campaign_id(row.campaign), row.external_id, row.starts_on, row.ends_on, amount, row.currency, row.reference)


def _problem(line: int, refusal: Refusal) -> Problem:
    (error,) = refusal.extra.get("errors") or [{"code": refusal.code, "pointer": ""}]
    code = error["code"]
    return Problem(line, _WHERE.get(code) or error["pointer"].removeprefix("/") or "external_id", code, refusal.detail)


SPEND_IMPORT = Importer("spend", SpendRow, take, KEEPERS)

router = imports_router(SPEND_IMPORT)
run_imports = partial(job.run, SPEND_IMPORT)
