"""Routes of quotes: draft, send, and what the customer answered."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Annotated, Any, ClassVar
from uuid import UUID

from fastapi import APIRouter, Depends, Request
from pydantic import BaseModel, Field

from deal_svc.acts import QUOTE_ACTS
from deal_svc.policy import TaxRounding
from deal_svc.quotes import commands, queries
from deal_svc.quotes.fields import LineFields, Lines, QuoteFields, QuoteParty, Schedule, TermFields, TermIn
from deal_svc.quotes.pricing import due_amounts, fields_of, lines_of, shares_of_parts
from deal_svc.quotes.record import Line, Quote, QuoteStatus, Tier
from deal_svc.quotes.rules import CREATE, QuoteFacts
from deal_svc.quotes.tables import QUOTES
from shared.access.kinds import DEALS, unmasked
from shared.acts import AllowedAction, shown
from shared.approvals.answers import ApprovalOut
from shared.auth import Actor, CurrentActor
from shared.calendar import day_of
from shared.db.tx import Reader
from shared.fields import PERSONAL, Day, Text, personal
from shared.http.body import NOW, Dated, Reasoned
from shared.http.edge import ClinchRoute, IfMatch, InTx, Reading
from shared.http.listing import Page, PageRequest
from shared.http.patch import Patch
from shared.http.permit import permitted
from shared.known import FlagName
from shared.money import Amount, Currency, Money, Percent, Quantity, in_minor_units, minor_unit, plain

router = APIRouter(prefix="/v1/quotes", tags=["quotes"], route_class=ClinchRoute)


async def _today(request: Request) -> date:
    """In the company's zone: which prices hold, and what has expired."""
    state = request.app.state
    day: date = day_of(state.clock(), state.settings.zone)
    return day


Today = Annotated[date, Depends(_today)]


class QuoteIn(QuoteFields, Dated):
    deal_id: UUID
    currency: Annotated[Currency | None, Field(description="By default the deal's; it stays, and so does the rate of the prices' day")] = (
        None
    )
    lines: Lines = Field(default_factory=list)
    schedule: Annotated[Schedule | None, Field(description="By default the policy's payment plan")] = None
    valid_until: Annotated[
        Day | None, Field(description="By default as many days as the policy gives; the last day on which it can be accepted")
    ] = None


class QuotePatch(QuoteFields, Dated, Patch):
    """`lines` are given all together, and take their prices from the price book of the day."""

    lines: Lines
    schedule: Schedule
    valid_until: Day


class AcceptanceIn(Dated):
    reason: Annotated[Text | None, Field(description="Needed before the deal is in negotiation, from a manager")] = None


class LinePartOut(BaseModel):
    """`net` is the part's share of the line's; the shares are exactly that."""

    product_id: UUID
    sku: str
    name: str
    quantity: Quantity
    net: Amount


class QuoteLineOut(LineFields):
    """`net` is after both discounts."""

    sku: str
    name: str
    line: str
    unit: str | None
    price_list_id: Annotated[UUID | None, Field(description="The version of the price list; null for the product's own price")]
    parts: Annotated[list[LinePartOut], Field(description="What a bundle consists of")]
    unit_price: Amount
    tax_percent: Percent
    net: Amount
    tax: Amount

    @classmethod
    def of(cls, line: Line, currency: str) -> "QuoteLineOut":
        amounts = {n: in_minor_units(getattr(line, n), currency) for n in ("unit_price", "net", "tax")}
        if line.discount_amount is not None:
            amounts["discount_amount"] = in_minor_units(line.discount_amount, currency)
        shares = shares_of_parts(line, minor_unit(currency))
        net_of = [{"net": in_minor_units(share, currency)} for share in shares]
        parts = [LinePartOut.model_validate(part | net) for part, net in zip(line.parts, net_of, strict=True)]
        return cls.model_construct(**fields_of(line) | amounts | {"parts": parts})


class TermOut(TermFields):
    due: Annotated[Money | None, Field(description="What falls due; null while the schedule is not exactly the total")]


class QuoteOut(QuoteFields):
    version_says_all: ClassVar[bool] = False

    id: UUID
    version: Annotated[int, Field(description="For If-Match; the customer counts `revision`")]
    deal_id: UUID
    number: str
    revision: int
    status: QuoteStatus
    quoted_on: date
    valid_until: date
    currency: str
    fx: Annotated[str, Field(description="Units of the reporting currency for one of its own: frozen with the prices, or the deal's")]
    fx_day: Annotated[date | None, Field(description="The day of that rate, where there was none for the day itself")]
    tax_rounding: Annotated[TaxRounding, Field(description="Where tax is rounded: by line, or on the total of each rate")]
    lines: list[QuoteLineOut]
    schedule: list[TermOut]
    list_total: Money
    net: Money
    tax: Money
    total: Money
    discount_percent: Annotated[Percent, Field(description="All discounts together, of the list total")]
    tier: Annotated[Tier | None, Field(description="Whose authority it needed when it was submitted, by its discounts and prices")]
    content_hash: Annotated[str | None, Field(description="Of the content that was submitted, which is what is approved and sent")]
    submitted_at: datetime | None
    approved_at: datetime | None
    kept_from: Annotated[UUID | None, Field(description="The earlier version whose approval covers this one")]
    template_id: Annotated[
        UUID | None, Field(description="The version of the template that it was sent with; null before that, and for the built-in one")
    ]
    approval: Annotated[ApprovalOut | None, Field(description="While it is up for approval: who has to decide what until when")]
    newer_prices: Annotated[
        list[str], Field(description="SKUs that today's price lists price otherwise than this draft, which keeps the prices of its day")
    ]
    sent_at: datetime | None
    viewed_at: Annotated[datetime | None, Field(description="When the customer first looked at it by a link")]
    accepted_at: datetime | None
    ended_at: datetime | None
    reason: Annotated[str | None, PERSONAL]
    flags: Annotated[list[FlagName], Field(description="Odd, but true")]
    created_by: UUID
    created_at: datetime
    updated_at: datetime
    allowed_actions: list[AllowedAction]

    @classmethod
    def of(cls, quote: Quote, by: Actor, facts: QuoteFacts) -> "QuoteOut":
        """Notes and reasons in somebody's own words are left out for roles that see deals masked."""
        said: dict[str, Any] = {name: getattr(quote, name) for name in _TAKEN}
        said |= {name: Money(amount=said[name], currency=quote.currency) for name in ("list_total", "net", "tax", "total")}
        said |= {"flags": sorted(quote.flags), "fx": plain(quote.fx)}
        said["lines"] = [QuoteLineOut.of(line, quote.currency) for line in lines_of(quote)]
        said["schedule"] = terms_out(quote.schedule, quote.total, quote.currency)
        said |= {name: QuoteParty.model_construct(**said[name]) for name in ("buyer", "seller") if said[name]}
        said["approval"] = facts.request and ApprovalOut.of(facts.request)
        if not unmasked(DEALS, by):
            said |= dict.fromkeys(_MASKED)
        said["newer_prices"] = list(facts.newer)
        return cls.model_construct(**said, allowed_actions=shown(QUOTE_ACTS, quote, by, facts))


def terms_out(schedule: Sequence[Mapping[str, Any]], total: Decimal, currency: str) -> list[TermOut]:
    due = due_amounts(schedule, total, currency)
    amounts: Sequence[Decimal | None] = due or [None] * len(schedule)
    dues = [None if amount is None else Money(amount=amount, currency=currency) for amount in amounts]
    return [TermOut.model_validate({**term, "due": due}) for term, due in zip(schedule, dues, strict=True)]


_TAKEN = tuple(name for name in QuoteOut.model_fields if name in QUOTES.names)
_MASKED = personal(QuoteOut)


async def _quotes_out(db: Reader, by: Actor, quotes: Sequence[Quote], today: date) -> list[QuoteOut]:
    facts = await queries.facts_of(db, quotes, today)
    return [QuoteOut.of(quote, by, facts[quote.id]) for quote in quotes]


async def quote_out(db: Reader, by: Actor, quote: Quote, today: date) -> QuoteOut:
    """One quote, as every route of one quote answers it."""
    [answer] = await _quotes_out(db, by, [quote], today)
    return answer


def _kept(said: dict[str, Any]) -> dict[str, Any]:
    """The fields as the row keeps them."""
    return {name: value.model_dump() if isinstance(value, BaseModel) else value for name, value in said.items()}


def terms_kept(schedule: Sequence[TermIn]) -> list[dict[str, Any]]:
    return [term.model_dump(mode="json") for term in schedule]


@router.post("", status_code=201, dependencies=[permitted(CREATE)])
async def create_quote(body: QuoteIn, tx: InTx, by: CurrentActor, today: Today) -> QuoteOut:
    """Draft a quote for an open deal, at the price book of the day.

    For the deal's owner and their managers.
    """
    quote = await commands.create(
        tx,
        body.deal_id,
        _kept(body.only(QuoteFields)),
        currency=body.currency,
        lines=body.lines,
        schedule=terms_kept(body.schedule) if body.schedule else None,
        valid_until=body.valid_until,
        at=body.at,
    )
    return await quote_out(tx, by, quote, today)


@router.get("", response_model=queries.LIST.page_of(QuoteOut))
async def list_quotes(
    page: Annotated[PageRequest, Depends(queries.LIST.params)], db: Reading, by: CurrentActor, today: Today
) -> Page[QuoteOut]:
    """The quotes of the deals that you see, each version by itself."""
    found = await queries.LIST.page(db, page, where=queries.SEEN_ROWS.listed(by), params=queries.SEEN_ROWS.params(by))
    found.items = await _quotes_out(db, by, found.items, today)
    return await queries.LIST.embedding(db, by, page, found)


@router.get("/{quote_id}")
async def get_quote(quote_id: UUID, db: Reading, by: CurrentActor, today: Today) -> QuoteOut:
    """One version of a quote, with what can be done next and what is missing for the rest."""
    return await quote_out(db, by, await queries.SEEN.get(db, by, quote_id), today)


@router.patch("/{quote_id}")
async def update_quote(quote_id: UUID, body: QuotePatch, tx: InTx, by: CurrentActor, today: Today, expect: IfMatch) -> QuoteOut:
    """Change a draft. Anything later is a new version: revise it."""
    given = body.model_fields_set
    changes = _kept(body.given(without=frozenset({"at", "lines", "schedule"})))
    if "schedule" in given:
        changes["schedule"] = terms_kept(body.schedule)
    quote = await commands.edit(tx, quote_id, expect=expect, at=body.at, lines=body.lines if "lines" in given else None, changes=changes)
    return await quote_out(tx, by, quote, today)


@router.post("/{quote_id}/revise", status_code=201)
async def revise_quote(quote_id: UUID, tx: InTx, by: CurrentActor, today: Today, expect: IfMatch, body: Dated = NOW) -> QuoteOut:
    """Draft the next version of the same number. The earlier one stays as it is until the new one is sent."""
    return await quote_out(tx, by, await commands.revise(tx, quote_id, expect=expect, at=body.at), today)


TO_ACCEPT = AcceptanceIn()


@router.post("/{quote_id}/accept")
async def accept_quote(
    quote_id: UUID, tx: InTx, by: CurrentActor, today: Today, expect: IfMatch, body: AcceptanceIn = TO_ACCEPT
) -> QuoteOut:
    """The customer said yes, within the validity.

    The deal takes the net total as its amount, and the contract is drafted. Before the deal is in negotiation this is for managers, with a
    reason; `quote.accepted` lists the gates that were passed over.
    """
    return await quote_out(tx, by, await commands.accept(tx, quote_id, reason=body.reason, expect=expect, at=body.at), today)


@router.post("/{quote_id}/reject")
async def reject_quote(quote_id: UUID, body: Reasoned, tx: InTx, by: CurrentActor, today: Today, expect: IfMatch) -> QuoteOut:
    """The customer said no."""
    return await quote_out(tx, by, await commands.reject(tx, quote_id, reason=body.reason, expect=expect, at=body.at), today)


@router.post("/{quote_id}/withdraw")
async def withdraw_quote(quote_id: UUID, body: Reasoned, tx: InTx, by: CurrentActor, today: Today, expect: IfMatch) -> QuoteOut:
    """Take a draft or a sent quote back; an accepted one only as a manager."""
    return await quote_out(tx, by, await commands.withdraw(tx, quote_id, reason=body.reason, expect=expect, at=body.at), today)
