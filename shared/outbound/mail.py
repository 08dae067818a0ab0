"""Mail to our own people, by the mail server of the settings: plain text, one message to all addresses of a list."""

import asyncio
import smtplib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from time import monotonic
from urllib.parse import unquote, urlsplit
from uuid import UUID

from shared.outbound.rules import Answer
from shared.process.settings import Settings
from shared.tls import trusted


@dataclass(frozen=True, slots=True)
class MailServer:
    """`smtps` speaks TLS from the start; `smtp` turns to it where the server offers it, and must before it names a password."""

    host: str
    port: int
    tls: bool
    user: str | None
    password: str | None
    sender: str

    @classmethod
    def of(cls, settings: Settings) -> "MailServer | None":
        """None when no mail server is set."""
        if settings.smtp_url is None:
            return None
        parts = urlsplit(settings.smtp_url.get_secret_value())
        tls = parts.scheme == "smtps"
        user, password = (unquote(text) if text else None for text in (parts.username, parts.password))
        return cls(parts.hostname or "", parts.port or (465 if tls else 587), tls, user, password, settings.mail_from)


async def send_mail(server: MailServer, to: Sequence[str], subject: str, text: str, *, id: UUID, at: datetime, seconds: float) -> Answer:
    """The outcome. Never raises for anything that the server or the network does. `id` stays the same at every attempt."""
    message = EmailMessage(policy=SMTP)
    message["From"], message["To"], message["Subject"] = server.sender, ", ".join(to), subject
    message["Date"], message["Message-ID"] = format_datetime(at), f"<{id}@{server.sender.rpartition('@')[2]}>"
    message["Auto-Submitted"] = "auto-generated"  # RFC 3834: nobody's holiday reply comes back
    message.set_content(text)
    return await asyncio.to_thread(_send, server, message, list(to), seconds)


def _send(server: MailServer, message: EmailMessage, to: list[str], seconds: float) -> Answer:
    started = monotonic()
    status: int | None = None
    try:
        with _connected(server, seconds) as smtp:
            refused = smtp.send_message(message, server.sender, to)
        status, error = 250, None
        if refused:  # the others have it: to send it again would give it to them twice
            error_code, said = next(iter(refused.values()))
            error = None if len(refused) < len(to) else f"all addresses were refused: {error_code} {_text(said)}"
    except smtplib.SMTPRecipientsRefused as all_refused:
        status, said = next(iter(all_refused.recipients.values()))
        error = f"all addresses were refused: {_text(said)}"
    except smtplib.SMTPResponseException as failure:
        status, error = failure.smtp_code, f"the mail server refused it: {_text(failure.smtp_error)}"
    except smtplib.SMTPException as failure:
        error = f"the mail server and we do not understand each other: {failure}"[:200]
    except OSError as failure:
        error = f"could not connect: {failure}"[:200]
    return Answer(status, error, monotonic() - started)


def _connected(server: MailServer, seconds: float) -> smtplib.SMTP:
    if server.tls:
        smtp: smtplib.SMTP = smtplib.SMTP_SSL(server.host, server.port, timeout=seconds, context=trusted())
    else:
        smtp = smtplib.SMTP(server.host, server.port, timeout=seconds)
        smtp.ehlo()
        if smtp.has_extn("starttls"):
            smtp.starttls(context=trusted())
            smtp.ehlo()
        elif server.password is not None:
            smtp.close()
            raise smtplib.SMTPException("it does not offer TLS, and a password is not sent without")
    if server.user is not None:
        smtp.login(server.user, server.password or "")
    return smtp


def _text(said: bytes | str) -> str:
    return (said if isinstance(said, str) else said.decode("utf-8", "replace"))[:200]
