"""The import of rates: a file with a day, a currency, a rate and its source on each line."""

from collections.abc import Sequence
from functools import partial

from lead_svc.rates.commands import refusal, set_rates
from lead_svc.rates.fields import RateFields
from lead_svc.rates.rules import KEEPERS
from shared.db.tx import Tx
from shared.imports import job
from shared.imports.api import imports_router
from shared.imports.dates import Day
from shared.imports.importer import Importer
from shared.imports.outcome import Outcome, Problem
from shared.process.settings import Settings


class RateRow(RateFields):
    """The rate of a currency on a day."""

    day: Day

    @property
    def of_day(self) -> tuple[str, object]:
        """What no two rows of a batch name."""
        return self.currency, self.day


async def take(tx: Tx, rows: Sequence[tuple[int, RateRow]], _: Settings) -> Outcome:
    """Set or correct the rate of each row."""
    outcome, good = Outcome(), []
    for line, row in rows:
        if (refused := refusal(tx, row)) is not None:
            outcome.problems.append(Problem(line, "currency", refused.code, refused.detail))
        else:
            good.append(row)
    what = list((await set_rates(tx, good)).values()) if good else []
    outcome.created, outcome.updated, outcome.unchanged = (what.count(word) for word in ("created", "updated", "unchanged"))
    return outcome


RATE_IMPORT = Importer("rates", RateRow, take, KEEPERS, key="of_day")

router = imports_router(RATE_IMPORT)
run_imports = partial(job.run, RATE_IMPORT)
