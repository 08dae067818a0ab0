"""metrics-svc: funnels, KPIs and the pipeline, projected from the events of the other services."""

from pathlib import Path

from metrics_svc.cells import tables as _cells  # noqa: F401  (declares its tables)
from metrics_svc.feed import commands as feeding
from metrics_svc.figures.api import router as figures
from metrics_svc.flow.api import router as flow
from metrics_svc.fold import TOPICS, fold
from metrics_svc.funnel.api import router as funnel
from metrics_svc.metadata import metadata
from metrics_svc.pipeline.api import router as pipeline
from metrics_svc.rebuild.cells import keep_current
from shared import roster
from shared.service import Service

service = Service(
    name="metrics-svc",
    prefixes=("/v1/metrics",),
    metadata=metadata,
    migrations=Path(__file__).parent / "migrations",
    routers=[figures, funnel, flow, pipeline],
    reactions=roster.REACTIONS,
    consumers={"metrics": (fold, TOPICS), feeding.NAME: (feeding.feed, feeding.TOPICS)},
    jobs=[keep_current],
    description="Figures follow the business time of events; `as_of` shows what had happened by then.",
)
