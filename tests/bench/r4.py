"""R4: two dimensions, and figures by dimension as of an earlier day, over a million deals, and of a manager who sees a tenth."""

from tests.bench.compare import Progress
from tests.bench.million import DEALS
from tests.bench.report import Result
from tests.bench.slow import Asked, measured
from tests.bench.stage import Stage

_YEAR = "from=2025-01-01&to=2026-01-01"
_AS_OF = f"{_YEAR}&as_of=2025-11-17"
_ALL: Asked = {
    "the win rate by source of a product": f"/v1/metrics/kpis/win_rate?{_YEAR}&by=source&product=product-1",
    "the win rate by owner of a region": f"/v1/metrics/kpis/win_rate?{_YEAR}&by=owner&region=region-1",
    "the funnel by source of a region": f"/v1/metrics/funnel?{_YEAR}&by=source&region=region-1",
    "the funnel by source as of the end of a month": f"/v1/metrics/funnel?{_YEAR}&by=source&as_of=2026-03-31",
    "the funnel by source as of the middle of a month": f"/v1/metrics/funnel?{_AS_OF}&by=source",
    "the same of the year so far, by product": "/v1/metrics/funnel?from=2025-01-01&as_of=2025-11-17&by=product",
    "MQL to SQL by source as of the middle of a month": f"/v1/metrics/kpis/mql_to_sql?{_AS_OF}&by=source",
    "the win rate by source of a product as of the middle of a month": f"/v1/metrics/kpis/win_rate?{_AS_OF}&by=source&product=product-1",
}
_OF_A_MANAGER: Asked = {
    "the funnel of a manager as of the middle of a month": f"/v1/metrics/funnel?{_AS_OF}",
    "the win rate by source of a manager as of the middle of a month": f"/v1/metrics/kpis/win_rate?{_AS_OF}&by=source",
}


async def measure(stage: Stage, rounds: int, progress: Progress) -> list[Result]:
    of_all = await measured(stage, "R4", f"{DEALS:,} deals", "director", _ALL, rounds, progress)
    return of_all + await measured(stage, "R4", f"a tenth of {DEALS:,} deals", "manager", _OF_A_MANAGER, rounds, progress)
