"""A quote's document: a draft's is made each time, and what the customer has is kept as it went out."""

from uuid import UUID

from deal_svc.quotes.document import KIND, edition_of
from deal_svc.quotes.printing import paper_of
from deal_svc.quotes.queries import SEEN
from deal_svc.quotes.record import Quote
from shared import documents
from shared.db.context import Context
from shared.db.database import Database
from shared.db.tx import Tx
from shared.documents import Kept, Language
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
        paper = await paper_of(reader, quote)
    made = await paper.made([language], settings)
    if quote.sent_at is None:
        return quote, documents.made(made[language])
    async with db.begin(context) as tx:
        return quote, await documents.keep(tx, KIND, quote.id, edition_of(quote), language, made[language])


async def kept_in(tx: Tx, quote: Quote, language: Language) -> Kept:
    """The document of a quote that was sent; made and kept now, if that was not done before."""
    if kept := await documents.find(tx, KIND, quote.id, edition_of(quote), language):
        return kept
    made = await (await paper_of(tx, quote)).made([language], tx.settings)
    return await documents.keep(tx, KIND, quote.id, edition_of(quote), language, made[language])
