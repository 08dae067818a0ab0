"""R3: the funnel and the win rate by owner of a manager who sees a tenth of a million deals."""

from tests.bench.compare import Progress
from tests.bench.million import DEALS
from tests.bench.report import Result
from tests.bench.slow import Asked, measured
from tests.bench.stage import Stage

_YEAR = "from=2025-01-01&to=2026-01-01"
_ASKED: Asked = {
    "the funnel of a manager's year": f"/v1/metrics/funnel?{_YEAR}",
    "the win rate by owner of a manager's year": f"/v1/metrics/kpis/win_rate?{_YEAR}&by=owner",
    "the same from the middle of a month to the middle of another": "/v1/metrics/kpis/win_rate?from=2025-02-11&to=2026-02-11&by=owner",
    "the funnel by source of a manager's year": f"/v1/metrics/funnel?{_YEAR}&by=source",
}


async def measure(stage: Stage, rounds: int, progress: Progress) -> list[Result]:
    return await measured(stage, "R3", f"a tenth of {DEALS:,} deals", "manager", _ASKED, rounds, progress)
