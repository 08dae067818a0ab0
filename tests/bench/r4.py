"""R4: two dimensions, and figures as of an earlier month by dimension, over a million deals."""

from tests.bench.compare import Progress
from tests.bench.million import DEALS
from tests.bench.report import Result
from tests.bench.slow import Asked, measured
from tests.bench.stage import Stage

_YEAR = "from=2025-01-01&to=2026-01-01"
_ASKED: Asked = {
    "the win rate by source of a product": f"/v1/metrics/kpis/win_rate?{_YEAR}&by=source&product=product-1",
    "the win rate by owner of a region": f"/v1/metrics/kpis/win_rate?{_YEAR}&by=owner&region=region-1",
    "the funnel by source of a region": f"/v1/metrics/funnel?{_YEAR}&by=source&region=region-1",
    "the funnel by source as of the end of a month": f"/v1/metrics/funnel?{_YEAR}&by=source&as_of=2026-03-31",
}


async def measure(stage: Stage, rounds: int, progress: Progress) -> list[Result]:
    return await measured(stage, "R4", f"{DEALS:,} deals", "director", _ASKED, rounds, progress)
