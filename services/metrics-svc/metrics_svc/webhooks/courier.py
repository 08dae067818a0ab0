"""Who brings the messages to the endpoints."""

import ssl

from metrics_svc.following.cursor import advance
from metrics_svc.following.receivers import allowed
from metrics_svc.settings import MetricsSettings
from metrics_svc.webhooks.commands import TARGETS
from metrics_svc.webhooks.tables import CHANNEL
from shared.clock import Clock
from shared.outbound.courier import Courier
from shared.outbound.meters import Meters
from shared.outbound.sender import Resolve, Sender, look_up
from shared.process.settings import Settings


def sender(settings: Settings, clock: Clock, resolve: Resolve = look_up, tls: ssl.SSLContext | None = None) -> Sender:
    """Sends webhooks until closed."""
    seconds = MetricsSettings.of(settings).webhook_timeout_seconds
    return Sender(clock, allowed=allowed(settings), seconds=seconds, agent="Clinch-Webhooks/1", resolve=resolve, tls=tls)


COURIER = Courier(CHANNEL, "metrics-svc", make=advance("webhook"), disable=TARGETS.disable, sender=sender, meters=Meters("webhook"))
