"""What a customer does by a link: each time under the quote's lock, with evidence."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import bindparam, select
from sqlalchemy.dialects.postgresql import insert

from deal_svc.customer.record import Did, Evidence
from deal_svc.customer.tables import EVIDENCE
from deal_svc.deals.record import Deal
from deal_svc.quotes import commands as quotes
from deal_svc.quotes.approvals import both
from deal_svc.quotes.document import KIND
from deal_svc.quotes.events import told
from deal_svc.quotes.record import Quote, QuoteStatus
from deal_svc.quotes.rules import VIEW
from deal_svc.quotes.tables import QUOTE, QUOTES
from shared.db import tables
from shared.db.query import Query
from shared.db.tx import Reader, Tx
from shared.documents import Language
from shared.errors import NotFound
from shared.events.quote import QuoteViewed
from shared.ids import new_id


@dataclass(frozen=True, slots=True)
class Opened:
    """What a secret leads to."""

    link_id: UUID
    quote_id: UUID
    document_id: UUID
    document_hash: bytes
    language: Language
    number: str
    revision: int

    @property
    def file_name(self) -> str:
        return f"{self.number}-{self.revision}-{self.language}.pdf"


@dataclass(frozen=True, slots=True)
class Caller:
    """From where the customer asked."""

    address: str
    agent: str


_link, _document = tables.LINK, tables.DOCUMENT
_OPENED = Query(
    select(
        _link.c.id.label("link_id"),
        QUOTE.c.id.label("quote_id"),
        _link.c.document_id,
        _document.c.sha256.label("document_hash"),
        _link.c.language,
        QUOTE.c.number,
        QUOTE.c.revision,
    )
    .join_from(_link, QUOTE, QUOTE.c.id == _link.c.record_id)
    .join(_document, _document.c.id == _link.c.document_id)
    .where(_link.c.hash == bindparam("hash"), _link.c.kind == KIND, _link.c.revoked_at.is_(None), _link.c.expires_at > bindparam("now")),
    Opened,
)
_new = insert(EVIDENCE).values({c.name: bindparam(c.name) for c in EVIDENCE.c}).on_conflict_do_nothing()
_KEEP = Query(_new.returning(EVIDENCE.c.id), UUID)


async def opened(db: Reader, hash: bytes, now: datetime) -> Opened:
    """What the secret with this hash leads to. `NotFound` for one that is wrong, over or revoked: nobody learns which."""
    found = await db.first(_OPENED, hash=hash, now=now)
    if found is None:
        raise NotFound("There is nothing at this address. Ask whoever sent it to you for a new one.")
    return found


async def view(tx: Tx, hash: bytes, caller: Caller) -> None:
    """The customer looks at the quote. The first time by each link counts."""
    link, deal, quote = await _locked(tx, hash)
    if quote.status not in (VIEW.states or ()) or not await _keep(tx, link, caller, Did.VIEWED):
        return
    event = told(QuoteViewed, quote, deal, link_id=link.link_id)
    await tx.save(QUOTES, quote, event, viewed_at=quote.viewed_at or tx.now)


async def accept(tx: Tx, hash: bytes, caller: Caller, name: str) -> None:
    """The customer says yes. Once: the same again, or after a yes by other means, changes nothing."""
    link, deal, quote = await _locked(tx, hash)
    if quote.status is QuoteStatus.ACCEPTED:
        return
    await quotes.accept_locked(tx, deal, quote, at=tx.now, link_id=link.link_id)
    await _keep(tx, link, caller, Did.ACCEPTED, name)


async def decline(tx: Tx, hash: bytes, caller: Caller, name: str, reason: str) -> None:
    """The customer says no."""
    link, deal, quote = await _locked(tx, hash)
    if quote.status is QuoteStatus.REJECTED:
        return
    await quotes.reject_locked(tx, deal, quote, reason=reason, at=tx.now, link_id=link.link_id)
    await _keep(tx, link, caller, Did.DECLINED, name, reason)


async def _locked(tx: Tx, hash: bytes) -> tuple[Opened, Deal, Quote]:
    """The link is looked at again under the lock, under which it is revoked too."""
    deal, quote = await both(tx, (await opened(tx, hash, tx.now)).quote_id, None)
    return await opened(tx, hash, tx.now), deal, quote


async def _keep(tx: Tx, link: Opened, caller: Caller, did: Did, name: str | None = None, reason: str | None = None) -> bool:
    """Whether it is new."""
    row = Evidence(
        id=new_id(),
        quote_id=link.quote_id,
        link_id=link.link_id,
        did=did,
        at=tx.now,
        name=name,
        reason=reason,
        address=caller.address,
        agent=caller.agent,
        document_hash=link.document_hash.hex(),
    )
    return await tx.first(_KEEP, **{field: getattr(row, field) for field in Evidence.__dataclass_fields__}) is not None
