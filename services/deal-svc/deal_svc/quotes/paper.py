"""A quote's document: a draft's is made each time, and what the customer has is kept as it went out."""

from uuid import UUID

from deal_svc.deals.record import Deal
from deal_svc.deals.tables import DEALS
from deal_svc.quotes.document import KIND, TEMPLATE, Parties, edition_of, said_of
from deal_svc.quotes.queries import SEEN
from deal_svc.quotes.record import Quote
from shared import documents
from shared.calendar import day_of
from shared.db.context import Context
from shared.db.database import Database
from shared.db.tx import Tx
from shared.documents import Kept, Language
from shared.policy.company import COMPANY_POLICY, Letterhead
from shared.process.settings import Settings


def file_name(quote: Quote, language: Language) -> str:
    return f"{quote.number}-{quote.revision}-{language}.pdf"


async def document_of(db: Database, quote_id: UUID, language: Language, settings: Settings, context: Context) -> tuple[Quote, Kept]:
    """The quote, if the context's actor sees it, and its document. No connection is held while a document is made."""
    async with db.read() as reader:
        quote = await SEEN.get(reader, context.actor, quote_id)
        kept = await documents.find(reader, KIND, quote.id, edition_of(quote), language) if quote.sent_at else None
        if kept is not None:
            return quote, kept
        deal, seller = await reader.get(DEALS, quote.deal_id), reader.policy(COMPANY_POLICY).letterhead
    body = await _made(quote, deal, seller, language, settings)
    if quote.sent_at is None:
        return quote, documents.made(body)
    async with db.begin(context) as tx:
        return quote, await documents.keep(tx, KIND, quote.id, edition_of(quote), language, body)


async def kept_in(tx: Tx, quote: Quote, deal: Deal, language: Language) -> Kept:
    """The document of a quote that was sent; made and kept now, if nobody has asked for it before."""
    if kept := await documents.find(tx, KIND, quote.id, edition_of(quote), language):
        return kept
    body = await _made(quote, deal, tx.policy(COMPANY_POLICY).letterhead, language, tx.settings)
    return await documents.keep(tx, KIND, quote.id, edition_of(quote), language, body)


async def _made(quote: Quote, deal: Deal, seller: Letterhead, language: Language, settings: Settings) -> bytes:
    on = day_of(quote.sent_at, settings.zone) if quote.sent_at else quote.quoted_on
    said = said_of(quote, Parties(seller, deal.account_name or deal.name), on, language)
    return await documents.render(TEMPLATE, said, made_at=quote.sent_at or quote.updated_at)
