"""What metrics-svc is told beyond what every service is: how long the feed reaches back, and how webhooks are sent."""

from pydantic import Field

from shared.outbound.addresses import Listed
from shared.process.settings import Settings

_FIRST = "What version 1 of the policy begins with"


class MetricsSettings(Settings):
    feed_days: int = Field(default=30, ge=1, le=3650, description=f"{_FIRST}: days for which /v1/events and /v1/stream can go back")
    streams_max: int = Field(default=500, ge=1, description="Event streams that one process keeps open at most")
    streams_max_each: int = Field(default=10, ge=1, description="Event streams of one principal in one process at most")
    webhook_allow: Listed = Field(
        default=(), description='Private receivers of webhooks, as networks and host names: ["10.1.0.0/16", "erp.internal"]'
    )
    webhook_timeout_seconds: float = Field(default=15, ge=1, le=20, description="How long a receiver of webhooks may take to answer")
    webhook_overlap_hours: float = Field(
        default=24, ge=0, le=720, description=f"{_FIRST}: how long an old webhook secret signs beside its successor"
    )
    webhook_keep_delivered_days: int = Field(
        default=30, ge=1, le=36500, description=f"{_FIRST}: after this, delivered webhooks are forgotten"
    )
    webhook_keep_failed_days: int = Field(
        default=90, ge=1, le=36500, description=f"{_FIRST}: after this, webhooks that failed are forgotten"
    )

    @classmethod
    def of(cls, settings: Settings) -> "MetricsSettings":
        """The settings that a transaction or job carries, which this service's processes are started with."""
        if not isinstance(settings, cls):
            raise TypeError(f"metrics-svc needs MetricsSettings, not {type(settings).__name__}")
        return settings
