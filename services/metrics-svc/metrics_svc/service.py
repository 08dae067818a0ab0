"""metrics-svc: funnels, KPIs and the pipeline, projected from the events of the other services."""

from pathlib import Path

from metrics_svc.cells import tables as _cells  # noqa: F401  (declares its tables)
from metrics_svc.cells.merging import sum_up
from metrics_svc.checks import CHECKS, TOTALS
from metrics_svc.day.api import router as day
from metrics_svc.exports.api import router as exports
from metrics_svc.feed import commands as feed
from metrics_svc.feed.api import router as events
from metrics_svc.feed.retention import forget_old
from metrics_svc.figures.api import router as figures
from metrics_svc.flow.api import router as flow
from metrics_svc.fold import LANES
from metrics_svc.funnel.api import router as funnel
from metrics_svc.metadata import metadata
from metrics_svc.notifications.api import router as notifications
from metrics_svc.notifications.courier import COURIER as NOTIFIER
from metrics_svc.past import tables as _past  # noqa: F401  (declares its tables)
from metrics_svc.pipeline.api import router as pipeline
from metrics_svc.policy import POLICY
from metrics_svc.rebuild.current import keep_current
from metrics_svc.settings import MetricsSettings
from metrics_svc.webhooks.api import router as webhooks
from metrics_svc.webhooks.courier import COURIER
from metrics_svc.worklist.api import router as tasks
from shared.log.readers import Reader
from shared.parties import directory
from shared.process.service import Service

service = Service(
    name="metrics-svc",
    prefixes=(
        "/v1/metrics",
        "/v1/tasks",
        "/v1/approvals",
        "/v1/day",
        "/v1/exports",
        "/v1/events",
        "/v1/stream",
        "/v1/webhooks",
        "/v1/notification-channels",
    ),
    metadata=metadata,
    policies=[POLICY],
    migrations=Path(__file__).parent / "migrations",
    routers=[figures, funnel, flow, pipeline, tasks, day, exports, events, webhooks, notifications],
    readers=[
        directory.reader(),
        *[lane.reader for lane in LANES.values()],
        Reader(feed.NAME, feed.feed, feed.TOPICS, instead="the feed would have every event twice."),
    ],
    jobs=[keep_current, sum_up, forget_old, *COURIER.jobs, *NOTIFIER.jobs],
    checks=CHECKS,
    totals=TOTALS,
    settings=MetricsSettings,
    description="Figures follow the business time of events; `as_of` shows what had happened by then.",
)
