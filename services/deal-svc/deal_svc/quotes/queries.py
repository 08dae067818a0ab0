"""Reads of quotes. A quote is seen by whoever sees its deal."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, and_, any_, bindparam, exists, func, or_, select
from sqlalchemy.dialects.postgresql import aggregate_order_by, distinct_on

from deal_svc.catalog.queries import products
from deal_svc.catalog.rules import tax_of
from deal_svc.contracts.queries import CONTRACT_FELL
from deal_svc.deals import queries as deals
from deal_svc.deals.embedded import EMBEDDED_DEAL
from deal_svc.deals.record import Deal
from deal_svc.deals.tables import DEAL, DEALS
from deal_svc.policy import POLICY
from deal_svc.price_lists.queries import book_of
from deal_svc.price_lists.rules import Book, Buyer
from deal_svc.quotes.deciders import ASKED, Candidate
from deal_svc.quotes.fields import QuoteFields
from deal_svc.quotes.pricing import lines_of
from deal_svc.quotes.record import ANSWERABLE, Line, Quote, QuoteStatus
from deal_svc.quotes.rules import QuoteFacts
from deal_svc.quotes.tables import QUOTE, QUOTES
from shared.access.rows import Within
from shared.access.scoped import Scoped
from shared.approvals.tables import latest
from shared.auth.actor import Role
from shared.db.query import Query, is_in
from shared.db.tables import ROSTER
from shared.db.tx import Reader
from shared.http.listing import Listing, described
from shared.parties.accounts import levels_of

_FILTERED = (
    "id", "deal_id", "number", "status", "currency", "net", "total", "discount_percent", "quoted_on", "valid_until", "sent_at",
    "accepted_at", "created_at", "tier", "submitted_at", "approved_at",
)  # fmt: skip

LIST = Listing(
    QUOTE,
    Quote,
    filters={**described(QUOTE, QuoteFields), **{name: QUOTE.c[name] for name in _FILTERED}},
    sorts=("created_at", "valid_until", "total"),
    default="-created_at",
    search=(QUOTE.c.number,),
    embeds={"deal": EMBEDDED_DEAL},
)


SEEN_ROWS = Within(deals.SEEN_ROWS, QUOTE.c.deal_id)
SEEN = Scoped(QUOTES, SEEN_ROWS)


@dataclass(frozen=True, slots=True)
class _Standing:
    id: UUID
    revised: bool
    rival_accepted: bool
    contract_fell: bool


_newer, _rival = QUOTE.alias("newer"), QUOTE.alias("rival")
_STANDING = Query(
    select(
        QUOTE.c.id,
        exists().where(_newer.c.number == QUOTE.c.number, _newer.c.revision > QUOTE.c.revision).label("revised"),
        exists()
        .where(_rival.c.deal_id == QUOTE.c.deal_id, _rival.c.status == QuoteStatus.ACCEPTED.value, _rival.c.id != QUOTE.c.id)
        .label("rival_accepted"),
        CONTRACT_FELL,
    ).where(is_in(QUOTE.c.id, "ids")),
    _Standing,
)


_draft = QUOTE.alias("draft")
_APPROVED_BEFORE = Query(
    select(*[QUOTE.c[n] for n in QUOTES.names])
    .ext(distinct_on(QUOTE.c.number))
    .join(_draft, and_(_draft.c.number == QUOTE.c.number, _draft.c.revision > QUOTE.c.revision))
    .where(is_in(_draft.c.id, "ids"), or_(QUOTE.c.approved_at.is_not(None), QUOTE.c.sent_at.is_not(None)))
    .order_by(QUOTE.c.number, QUOTE.c.revision.desc()),
    Quote,
)
"""The last approved version of each of these drafts' numbers. What an earlier release sent counts as approved."""


@dataclass(frozen=True, slots=True)
class _Asked:
    person_id: UUID
    role: str
    leads: Sequence[UUID]


_owner = ROSTER.alias("owner")
_led = select(func.array_agg(_owner.c.person_id)).where(is_in(_owner.c.person_id, "owners"), ROSTER.c.team_id == any_(_owner.c.team_path))
_ASKED = Query(
    select(ROSTER.c.person_id, ROSTER.c.role, func.coalesce(_led.correlate(ROSTER).scalar_subquery(), []).label("leads"))
    .where(ROSTER.c.active, is_in(ROSTER.c.role, [role.value for role in ASKED]))
    .order_by(ROSTER.c.person_id),
    _Asked,
)


async def _rosters(db: Reader, owners: Sequence[UUID]) -> Callable[[UUID | None], Sequence[Candidate]]:
    """By owner, those who are there and have a role that is asked, whatever the step."""
    found = await db.all(_ASKED, owners=owners) if owners else []
    return lambda owner: [Candidate(one.person_id, Role(one.role), owner in one.leads) for one in found]


async def facts_of(db: Reader, quotes: Sequence[Quote], today: date, of: Sequence[Deal] = ()) -> dict[UUID, QuoteFacts]:
    """What else decides about these quotes.

    Only drafts have their prices compared with the price lists.

    `of`: their deals, where they are at hand.
    """
    theirs = {d.id: d for d in of or await db.all(DEALS.get_many, ids=list({q.deal_id for q in quotes}))}
    standing = {s.id: s for s in await db.all(_STANDING, ids=[q.id for q in quotes])}
    drafts = {q.id: lines_of(q) for q in quotes if q.status is QuoteStatus.DRAFT}
    sold = {x.product_id for lines in drafts.values() for x in lines}
    book = await book_of(db, sold) if drafts else Book((), ())
    levels = await levels_of(db, [theirs[q.deal_id].account_id for q in quotes if q.id in drafts])
    classes = db.policy(POLICY).tax_classes
    taxes = {id: tax_of(product, classes) for id, product in (await products(db, sold)).items()} if sold else {}
    later = [q.id for q in quotes if q.id in drafts and q.revision > 1]
    roster = await _rosters(db, sorted({owner for q in quotes if q.id in drafts and (owner := theirs[q.deal_id].owner_id)}))
    before = {b.number: b for b in await db.all(_APPROVED_BEFORE, ids=later)} if later else {}
    pending = [q.id for q in quotes if q.status is QuoteStatus.PENDING_APPROVAL]
    requests = await latest(db, "quote", pending)
    return {
        q.id: QuoteFacts(
            deal=theirs[q.deal_id],
            today=today,
            revised=standing[q.id].revised,
            rival_accepted=standing[q.id].rival_accepted,
            contract_fell=standing[q.id].contract_fell,
            authority=db.policy(POLICY).discount_authority,
            outdated=_outdated(drafts.get(q.id, ()), q, book),
            newer=_newer_prices(drafts.get(q.id, ()), q, book, levels.get(theirs[q.deal_id].account_id), today),
            overridden=tuple(sorted({x.sku for x in drafts.get(q.id, ()) if taxes.get(x.product_id) != x.tax_percent})),
            before=before.get(q.number) if q.id in drafts else None,
            request=requests.get(q.id),
            roster=roster(theirs[q.deal_id].owner_id) if q.id in drafts else (),
        )
        for q in quotes
    }


def _outdated(lines: Sequence[Line], quote: Quote, book: Book) -> tuple[str, ...]:
    """A quote keeps the prices of the day that it was drafted. Only a price that was taken back or replaced for that day is outdated."""

    def fell(x: Line) -> bool:
        if x.price_list_id is not None:
            return not book.stands(x.product_id, x.price_list_id, quote.quoted_on)
        own = book.own(x.product_id, quote.currency, quote.quoted_on)
        return own is None or own.unit_price != x.unit_price

    return tuple(sorted({x.sku for x in lines if fell(x)}))


def _newer_prices(lines: Sequence[Line], quote: Quote, book: Book, level: str | None, today: date) -> tuple[str, ...]:
    """Products that today's lists price otherwise than the quote."""
    buyer = Buyer(quote.currency, level, quote.channel)

    def moved(x: Line) -> bool:
        found = book.find(x.product_id, buyer, today, x.quantity)
        return found is None or (found.list_id, found.unit_price) != (x.price_list_id, x.unit_price)

    return tuple(sorted({x.sku for x in lines if moved(x)}))


_of_deal = select(QUOTE.c.id).where(QUOTE.c.deal_id == DEAL.c.id).correlate(DEAL)
_as_pending = func.jsonb_agg(aggregate_order_by(func.jsonb_build_object("id", QUOTE.c.id, "number", QUOTE.c.number), QUOTE.c.id))
_pending = select(_as_pending).where(QUOTE.c.deal_id == DEAL.c.id, QUOTE.c.status == QuoteStatus.PENDING_APPROVAL.value)
KNOWN: list[ColumnElement[Any]] = [
    _of_deal.where(is_in(QUOTE.c.status, [status.value for status in ANSWERABLE])).exists().label("has_sent_quote"),
    _of_deal.where(QUOTE.c.status == QuoteStatus.ACCEPTED.value).exists().label("has_accepted_quote"),
    _of_deal.where(QUOTE.c.sent_at.is_not(None)).exists().label("was_quoted"),
    _pending.correlate(DEAL).scalar_subquery().label("pending_quotes"),
]
"""Columns of a select on `deal`: what the guards of its stages ask, and what the deal says of its quotes."""

_locked = select(*[QUOTE.c[n] for n in QUOTES.names]).order_by(QUOTE.c.id).with_for_update()
OF_DEAL = Query(_locked.where(QUOTE.c.deal_id == bindparam("deal_id"), is_in(QUOTE.c.status, "statuses")), Quote)
SENT_OF_DEALS = Query(_locked.where(is_in(QUOTE.c.deal_id, "deal_ids"), QUOTE.c.status == QuoteStatus.SENT.value), Quote)
_supersedable = [QuoteStatus.APPROVED.value, QuoteStatus.SENT.value, QuoteStatus.ACCEPTED.value]
SUPERSEDABLE = Query(_locked.where(QUOTE.c.number == bindparam("number"), is_in(QUOTE.c.status, _supersedable)), Quote)
"""The versions of a number that the customer has, or may still get. An accepted one has a newer one only when its contract fell."""
IDS_OF_DEAL = Query(select(QUOTE.c.id).where(QUOTE.c.deal_id == bindparam("deal_id")), UUID)
