"""The numbers of figures, the feed and webhooks, and what metrics-svc reads of deal-svc's."""

from itertools import pairwise

from pydantic import field_validator

from metrics_svc.settings import MetricsSettings
from shared.policy.document import Document, Part, Policy, value
from shared.policy.parts import Served, Stages
from shared.process.settings import Settings


class Figures(Part):
    """What figures reckon with."""

    ageing_days: tuple[int, int, int] = value(
        (30, 60, 90), "Ageing of receivables", "账龄区间", "Where the parts of overdue money end, in days."
    )
    velocity_days: int = value(90, "Days of velocity", "流速统计天数", "How many days back pipeline velocity looks.", ge=1, le=3650)
    ripe_quantile: float = value(
        0.9, "Quantile of the path", "成熟分位", "A cohort is complete when this part of the known paths was shorter.", gt=0, lt=1
    )

    @field_validator("ageing_days")
    @classmethod
    def _ascending(cls, days: tuple[int, int, int]) -> tuple[int, int, int]:
        if days[0] < 1 or any(b <= a for a, b in pairwise(days)):
            raise ValueError("the days must go up, for example 30, 60, 90")
        return days


class Webhooks(Part):
    """How events are sent to other systems."""

    most_endpoints: int = value(50, "Endpoints", "端点上限", "Endpoints that there may be at most.", ge=1, le=500)
    back_off_seconds: tuple[int, ...] = value(
        (5, 300, 1800, 2 * 3600, 5 * 3600, 10 * 3600, 14 * 3600, 20 * 3600, 24 * 3600),
        "Waits after failures",
        "重试间隔",
        "Seconds to wait after the first, the second ... failed attempt.",
        min_length=1,
        max_length=50,
    )
    longest_wait_hours: int = value(
        24, "Longest wait", "最长等待小时", "What a receiver may ask us to wait at most, in hours.", ge=1, le=720
    )
    disable_after_days: int = value(
        5, "Disabled after days", "停用前失败天数", "Days of nothing but failures after which an endpoint is disabled.", ge=1, le=365
    )
    overlap_hours: float = value(
        24, "Overlap of secrets", "密钥重叠小时", "Hours that an old secret signs beside its successor.", ge=0, le=720
    )
    keep_delivered_days: int = value(
        30, "Delivered kept", "成功记录保留天数", "Days after which what was delivered is forgotten.", ge=1, le=36500
    )
    keep_failed_days: int = value(90, "Failed kept", "失败记录保留天数", "Days after which what failed is forgotten.", ge=1, le=36500)
    most_again: int = value(
        10_000, "Redelivered at once", "单次重投上限", "Deliveries that one request sends again at most.", ge=1, le=100_000
    )

    @field_validator("back_off_seconds")
    @classmethod
    def _possible(cls, seconds: tuple[int, ...]) -> tuple[int, ...]:
        if not all(1 <= wait <= 7 * 86400 for wait in seconds):
            raise ValueError("a wait is from one second to seven days")
        return seconds


class MetricsPolicy(Served):
    """What figures reckon with, how long the feed reaches back, how webhooks are sent."""

    figures: Figures = value(Figures(), "Figures", "指标", "What figures reckon with.")
    feed_days: int = value(30, "Days of the feed", "事件流保留天数", "Days for which the feed and the stream can go back.", ge=1, le=3650)
    webhooks: Webhooks = value(Webhooks(), "Webhooks", "Webhook", "How events are sent to other systems.")


def _begins(settings: Settings) -> MetricsPolicy:
    """What an installation had set in its environment goes on."""
    its = MetricsSettings.of(settings)
    sending = Webhooks(
        overlap_hours=its.webhook_overlap_hours,
        keep_delivered_days=its.webhook_keep_delivered_days,
        keep_failed_days=its.webhook_keep_failed_days,
    )
    return MetricsPolicy(feed_days=its.feed_days, webhooks=sending)


class DealNumbers(Document):
    """What metrics-svc reads of deal-svc's policy."""

    stages: Stages = value(Stages(), "Stages", "商机阶段", "Probability and stall limit of each open stage.")


POLICY = Policy("metrics-svc", MetricsPolicy, begins=_begins)
DEAL_NUMBERS = Policy("deal-svc", DealNumbers)
