"""Links of quotes: made and revoked under the quote's lock."""

from datetime import timedelta
from uuid import UUID

from deal_svc.policy import POLICY
from deal_svc.quotes.approvals import both
from deal_svc.quotes.commands import day_of
from deal_svc.quotes.document import KIND
from deal_svc.quotes.events import told
from deal_svc.quotes.paper import kept_in
from deal_svc.quotes.record import Quote
from deal_svc.quotes.rules import LINK, REVOKE_LINKS, QuoteFacts
from deal_svc.quotes.tables import QUOTES
from shared import documents, links
from shared.db.tx import Tx
from shared.documents import Language
from shared.events.quote import QuoteLinked, QuoteLinksRevoked
from shared.ids import new_id
from shared.links import Link


async def make(tx: Tx, quote_id: UUID, *, language: Language, days: int | None) -> tuple[Link, str, Quote]:
    """A link to the document as it is kept, and its secret, which is told this once."""
    deal, quote = await both(tx, quote_id, None)
    LINK.check(quote, tx.actor, facts=QuoteFacts(deal, day_of(tx, tx.now)))
    documents.check_installed()
    # A dry run makes no document: nothing would keep it.
    document_id = (await kept_in(tx, quote, language)).id if tx.kept else new_id()
    secret = links.new_secret()
    link = Link(
        id=new_id(),
        kind=KIND,
        record_id=quote.id,
        document_id=document_id,
        language=language,
        hash=links.hash_of(secret),
        created_by=tx.actor.id,
        created_at=tx.now,
        expires_at=tx.now + timedelta(days=days or tx.policy(POLICY).link_days),
        revoked_at=None,
    )
    await links.add(tx, link)
    event = told(QuoteLinked, quote, deal, link_id=link.id, expires_at=link.expires_at)
    return link, secret, await tx.save(QUOTES, quote, event)


async def revoke(tx: Tx, quote_id: UUID) -> Quote:
    """End all links of the quote that still work."""
    deal, quote = await both(tx, quote_id, None)
    REVOKE_LINKS.check(quote, tx.actor, facts=QuoteFacts(deal, day_of(tx, tx.now)))
    ended = await links.revoke(tx, KIND, quote.id, tx.now)
    return await tx.save(QUOTES, quote, told(QuoteLinksRevoked, quote, deal, link_ids=ended)) if ended else quote
