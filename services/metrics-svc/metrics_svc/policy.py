"""The numbers of figures, the feed and webhooks, and what metrics-svc reads of deal-svc's."""

from metrics_svc.numbers import Figures, Webhooks
from metrics_svc.settings import MetricsSettings
from metrics_svc.wording.policy import Notifications
from shared.policy.document import Document, Policy, value
from shared.policy.parts import Served, Stages
from shared.process.settings import Settings


class MetricsPolicy(Served):
    """What figures reckon with, how long the feed reaches back, how webhooks and notifications are sent."""

    figures: Figures = value(Figures(), "Figures", "指标", "What figures reckon with.")
    feed_days: int = value(30, "Days of the feed", "事件流保留天数", "Days for which the feed and the stream can go back.", ge=1, le=3650)
    webhooks: Webhooks = value(Webhooks(), "Webhooks", "Webhook", "How events are sent to other systems.")
    notifications: Notifications = value(
        Notifications(), "Notifications", "通知", "How group chats and mailboxes are told what happens, and in which words."
    )


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
