"""Where messages may be sent to."""

from pydantic import HttpUrl

from metrics_svc.settings import MetricsSettings
from shared.errors import Invalid
from shared.outbound.addresses import Allowed, url_refused
from shared.outbound.sender import OutOfBounds, checked
from shared.process.settings import Settings


def allowed(settings: Settings) -> Allowed:
    """The private receivers that operations have listed."""
    return Allowed.of("CLINCH_WEBHOOK_ALLOW", MetricsSettings.of(settings).webhook_allow)


async def sendable(url: HttpUrl, settings: Settings, pointer: str) -> str:
    """The URL in its normal form, when something may be sent there. `Invalid`."""
    text = str(url)
    if refused := url_refused(text, pointer=pointer, production=settings.env == "production"):
        raise refused
    try:
        await checked((url.host or "").strip("[]"), url.port or 443, allowed(settings))
    except OutOfBounds as out:
        raise Invalid(f"Nothing can be sent there: {out}.", pointer=pointer, code="address_refused") from None
    return text
