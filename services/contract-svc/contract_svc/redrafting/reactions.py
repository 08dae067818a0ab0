"""What contract-svc keeps of accepted quotes, from the beginning of the log on: also of those that were accepted before it kept them."""

from uuid import UUID

from sqlalchemy import bindparam, null, update
from sqlalchemy.dialects.postgresql import insert

from contract_svc.redrafting.record import AcceptedQuote, End
from contract_svc.redrafting.tables import ACCEPTED_QUOTE
from shared.db.query import Query
from shared.db.tx import Tx
from shared.events.deal import DealLost, DealReopened
from shared.events.envelope import Envelope
from shared.events.quote import QuoteAccepted, QuoteSuperseded, QuoteWithdrawn
from shared.log.reactions import on
from shared.log.readers import reacting

_NAMES = tuple(AcceptedQuote.__dataclass_fields__)
_KEEP = Query(insert(ACCEPTED_QUOTE).values({n: bindparam(n) for n in _NAMES}).on_conflict_do_nothing(), UUID)
_END = Query(update(ACCEPTED_QUOTE).where(ACCEPTED_QUOTE.c.id == bindparam("_id")).values(ended=bindparam("ended")), UUID)
_of_deal = update(ACCEPTED_QUOTE).where(ACCEPTED_QUOTE.c.deal_id == bindparam("_deal_id"))
_LOSE = Query(_of_deal.where(ACCEPTED_QUOTE.c.ended.is_(None)).values(ended=End.DEAL_LOST.value), UUID)
_REOPEN = Query(_of_deal.where(ACCEPTED_QUOTE.c.ended == End.DEAL_LOST.value).values(ended=null()), UUID)


@on(QuoteAccepted)
async def keep_quote(tx: Tx, e: Envelope[QuoteAccepted]) -> None:
    """Keeps what the customer accepted, so that a contract can be drafted of it again."""
    await tx.run(_KEEP, id=e.subject, deal_id=e.data.deal_id, told=e.data.model_dump(mode="json"), accepted_at=e.time, ended=None)


@on(QuoteWithdrawn)
async def end_withdrawn(tx: Tx, e: Envelope[QuoteWithdrawn]) -> None:
    """Keeps that no contract can be drafted of the quote any more."""
    await tx.run(_END, _id=e.subject, ended=End.WITHDRAWN)


@on(QuoteSuperseded)
async def end_superseded(tx: Tx, e: Envelope[QuoteSuperseded]) -> None:
    """Keeps that no contract can be drafted of the quote any more."""
    await tx.run(_END, _id=e.subject, ended=End.SUPERSEDED)


@on(DealLost)
async def end_with_deal(tx: Tx, e: Envelope[DealLost]) -> None:
    """Keeps that no contract can be drafted of the deal's quote until the deal is reopened."""
    await tx.run(_LOSE, _deal_id=e.subject)


@on(DealReopened)
async def begin_with_deal(tx: Tx, e: Envelope[DealReopened]) -> None:
    """Keeps that a contract can be drafted of the deal's accepted quote again."""
    await tx.run(_REOPEN, _deal_id=e.subject)


READER = reacting("accepted-quotes", keep_quote, end_withdrawn, end_superseded, end_with_deal, begin_with_deal)
