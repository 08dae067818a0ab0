"""The documents of a quote are made and kept soon after it is sent, in each language that its template has.

Sending writes down that they are wanted, with what the paper names besides the quote: who the company is on that day, and what the
customer is called. A job makes them outside of every lock. Whoever asks earlier has them made at once, of the same words, so that the
bytes are the same; where the process dies, the next one finds what is still wanted.
"""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import structlog
from sqlalchemy import Boolean, bindparam, case, func, insert, select

from deal_svc.deals.record import Deal
from deal_svc.deals.tables import DEALS
from deal_svc.quote_templates import queries as templates
from deal_svc.quote_templates.record import QuoteTemplate, look_of
from deal_svc.quote_templates.words import LANGUAGES
from deal_svc.quotes.document import KIND, TEMPLATE, Parties, edition_of, said_of
from deal_svc.quotes.pricing import lines_of
from deal_svc.quotes.record import Quote
from deal_svc.quotes.tables import QUOTE_PAPER, QUOTES
from shared import documents
from shared.auth import SYSTEM
from shared.calendar import day_of
from shared.clock import Clock, moved_by
from shared.db.context import Context
from shared.db.database import Database
from shared.db.query import Query
from shared.db.tx import Reader, Tx
from shared.documents import Images, Language
from shared.errors import Invalid, Unavailable
from shared.history import starts_work
from shared.policy.company import COMPANY_POLICY, Letterhead
from shared.process.outage import Outage, every, is_outage
from shared.process.settings import Settings

log = structlog.get_logger()

SECONDS = 1.0
STEP = 10
"""Quotes whose documents are made in a row."""
_WAIT = "interval '1 minute' * 2 ^ least(tries, 11)"
"""Longer than a row of them takes, so that another worker seldom makes the same ones too; and longer each time that it fails."""

_ORDER = Query(
    insert(QUOTE_PAPER).values(
        quote_id=bindparam("quote_id"),
        customer=bindparam("customer"),
        letterhead=bindparam("letterhead"),
        # By the machine's clock: it is the machine that makes them.
        due_at=case((bindparam("at_once", type_=Boolean), func.now())),
    ),
    type(None),
)
_CLAIM = (
    f"UPDATE quote_paper SET tries = tries + 1, due_at = now() + least({_WAIT}, interval '1 hour') WHERE quote_id IN "
    f"(SELECT quote_id FROM quote_paper WHERE due_at <= now() ORDER BY due_at LIMIT {STEP} FOR UPDATE SKIP LOCKED) RETURNING quote_id"
)
_SETTLE = "UPDATE quote_paper SET due_at = NULL, made_at = $2 WHERE quote_id = $1"


@dataclass(frozen=True, slots=True)
class _Named:
    customer: str
    letterhead: dict[str, Any]


_NAMED = Query(select(QUOTE_PAPER.c.customer, QUOTE_PAPER.c.letterhead).where(QUOTE_PAPER.c.quote_id == bindparam("quote_id")), _Named)


@dataclass(frozen=True, slots=True)
class Paper:
    """All that documents of a quote are made of."""

    quote: Quote
    parties: Parties
    template: QuoteTemplate | None
    images: Images

    @property
    def languages(self) -> list[Language]:
        """In which they are made without being asked for."""
        return [language for language in LANGUAGES if self.template is None or language in self.template.texts]

    def said(self, language: Language, settings: Settings) -> dict[str, Any]:
        quote = self.quote
        on = day_of(quote.sent_at, settings.zone) if quote.sent_at else quote.quoted_on
        return said_of(quote, self.parties, on, language, look_of(self.template, language))

    async def made(self, languages: list[Language], settings: Settings, *, patient: bool = False) -> dict[Language, bytes]:
        """The documents, by one process for all of them. `patient`: nobody waits for them."""
        said = [self.said(language, settings) for language in languages]
        at = self.quote.sent_at or self.quote.updated_at
        bodies = await documents.render_all(TEMPLATE, said, made_at=at, images=self.images, patient=patient)
        return dict(zip(languages, bodies, strict=True))


async def order_paper(tx: Tx, deal: Deal, quote: Quote, at: datetime) -> UUID | None:
    """With the sending: the documents are wanted, and this is the template that they have. History has them when somebody asks.

    `Invalid` names a field with a character that no font has: nothing is sent that cannot be printed.
    """
    template = await templates.template_for(tx, quote.channel)
    letterhead, customer = tx.policy(COMPANY_POLICY).letterhead, deal.account_name or deal.name
    named = letterhead.model_dump(mode="json")
    _check_printable(quote, customer, named)
    await tx.run(_ORDER, quote_id=quote.id, customer=customer, letterhead=named, at_once=starts_work(tx, at))
    return None if template is None else template.id


def _check_printable(quote: Quote, customer: str, letterhead: Mapping[str, Any]) -> None:
    lines = [{"name": x.name, "sku": x.sku, "unit": x.unit or "", "parts": [part["name"] for part in x.parts]} for x in lines_of(quote)]
    texts: Mapping[str, Any] = {name: getattr(quote, name) or "" for name in ("buyer", "terms", "special_terms")}
    try:
        documents.check_printable({"customer": customer, "seller": quote.seller or letterhead, "lines": lines, **texts})
    except documents.NotInstalled:
        return


async def parties_of(db: Reader, quote: Quote) -> Parties:
    """Who sells and who buys: of a quote that was sent as on that day; of a draft, and of what an earlier release sent, as of now."""
    named = await db.first(_NAMED, quote_id=quote.id)
    if named is not None:
        return Parties(Letterhead.model_validate(named.letterhead), named.customer)
    deal = await db.get(DEALS, quote.deal_id)
    return Parties(db.policy(COMPANY_POLICY).letterhead, deal.account_name or deal.name)


async def paper_of(db: Reader, quote: Quote) -> Paper:
    """All that documents of the quote are made of; a draft has the template that is active now."""
    one = await (templates.find(db, quote.template_id) if quote.sent_at else templates.template_for(db, quote.channel))
    return Paper(quote, await parties_of(db, quote), one, await templates.images_of(db, one))


# -- The job -------------------------------------------------------------------------------------------------------------------


async def print_sent(db: Database, settings: Settings, clock: Clock, stop: asyncio.Event) -> None:
    """The job of the service: what is wanted is made."""

    async def turn() -> None:
        while not stop.is_set() and await print_due(db, settings, clock) == STEP:
            pass

    await every(SECONDS, turn, stop, Outage("documents of quotes"))


async def print_due(db: Database, settings: Settings, clock: Clock) -> int:
    """Make the documents of some quotes; of how many they were wanted. One that fails is tried again later, and holds up no other."""
    async with db.connection() as conn:
        due = [row["quote_id"] for row in await conn.fetch(_CLAIM)]
    for quote_id in due:
        try:
            await _print(db, quote_id, settings, clock)
        except (documents.NotInstalled, Invalid) as refusal:
            # Whoever asks for it is told; it is no use to try again.
            log.warning("quote_document_not_made", quote_id=str(quote_id), code=refusal.code)
            async with db.connection() as conn:
                await conn.execute(_SETTLE, quote_id, None)
        except Exception as failure:
            if is_outage(failure) and not isinstance(failure, Unavailable):
                raise
            log.warning("quote_document_waits", quote_id=str(quote_id), error=type(failure).__name__)
    return len(due)


async def _print(db: Database, quote_id: UUID, settings: Settings, clock: Clock) -> None:
    async with db.read() as reader:
        paper = await paper_of(reader, await reader.get(QUOTES, quote_id))
        edition = edition_of(paper.quote)
        missing = [each for each in paper.languages if not await documents.find(reader, KIND, quote_id, edition, each)]
    made = await paper.made(missing, settings, patient=True) if missing else {}
    async with db.begin(Context("deal-svc", SYSTEM, clock(), f"paper:{quote_id}", moved=moved_by(clock))) as tx:
        for language, body in made.items():
            await documents.keep(tx, KIND, quote_id, edition, language, body)
        await tx.execute(_SETTLE, quote_id, tx.now)
