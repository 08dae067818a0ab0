"""Routes of quotes: draft, send, and what the customer answered."""

from collections.abc import Sequence
from dataclasses import asdict
from datetime import date, datetime
from decimal import Decimal
from typing import Annotated, Any, ClassVar, Literal
from uuid import UUID

from fastapi import APIRouter, Depends, Request
from pydantic import BaseModel, Field, model_validator

from deal_svc.bodies import NOW, Act, Because
from deal_svc.deals.rules import SELLING, Deal
from deal_svc.quotes import commands, queries, rules
from deal_svc.quotes.commands import Wanted
from deal_svc.quotes.rules import Facts, Quote, QuoteStatus
from deal_svc.quotes.tables import QUOTES
from shared.auth import Actor, CurrentActor, require
from shared.calendar import day_of
from shared.db import scope
from shared.db.tx import Reader
from shared.errors import Unmet
from shared.fields import Day, Text
from shared.http.actions import AllowedAction, actions
from shared.http.body import Body
from shared.http.edge import ClinchRoute, IfMatch, InTx, Reading
from shared.http.listing import Page, PageRequest
from shared.http.patch import NOT_GIVEN
from shared.money import Amount, Money, Percent, Quantity, in_minor_units

router = APIRouter(prefix="/v1/quotes", tags=["quotes"], route_class=ClinchRoute)
Selling = Depends(require(*SELLING))


async def _today(request: Request) -> date:
    """In the company's zone: which prices hold, and what has expired."""
    state = request.app.state
    day: date = day_of(state.clock(), state.settings.zone)
    return day


Today = Annotated[date, Depends(_today)]


class LineIn(Body):
    """The unit price is the price book's; what is taken off it is a discount."""

    product_id: UUID
    quantity: Quantity
    discount_percent: Percent = Decimal(0)
    tax_percent: Annotated[Percent | None, Field(description="By default the product's")] = None

    def wanted(self) -> Wanted:
        return Wanted(self.product_id, self.quantity, self.discount_percent, self.tax_percent)


Trigger = Literal["signed", "go_live", "accepted", "date"]


class Term(Body):
    """One payment: so many percent of the total, due so many days after the trigger, or on a date."""

    trigger: Trigger
    percent: Percent
    due_days: Annotated[int, Field(ge=0, le=3650)] = 30
    due_on: Annotated[Day | None, Field(description="With the trigger `date`, and only then")] = None

    @model_validator(mode="after")
    def _dated(self) -> "Term":
        if (self.trigger == "date") != (self.due_on is not None):
            raise ValueError("Give due_on with the trigger `date`, and only then.")
        return self


class TermOut(BaseModel):
    trigger: Trigger
    percent: Percent
    due_days: int
    due_on: date | None


Lines = Annotated[list[LineIn], Field(max_length=200)]
Schedule = Annotated[list[Term], Field(min_length=1, max_length=24)]


class QuoteIn(Act):
    deal_id: UUID
    lines: Lines = Field(default_factory=list)
    total_discount_percent: Annotated[Percent, Field(description="On top of the lines' own")] = Decimal(0)
    schedule: Annotated[Schedule | None, Field(description="By default 50 % signed, 30 % go-live, 20 % accepted")] = None
    valid_until: Annotated[Day | None, Field(description="By default 30 days; the last day on which it can be accepted")] = None
    note: Text | None = None


class QuotePatch(Act):
    """`lines` are given all together, and take their prices from the price book of the day."""

    lines: Lines = NOT_GIVEN
    total_discount_percent: Percent = NOT_GIVEN
    schedule: Schedule = NOT_GIVEN
    valid_until: Day = NOT_GIVEN
    note: Text | None = NOT_GIVEN


class Sending(Act):
    note: Annotated[Text | None, Field(description="Why the discount is so large; needed above 30 percent")] = None


TO_SEND = Sending()


class LineOut(BaseModel):
    """`net` is after both discounts."""

    product_id: UUID
    sku: str
    name: str
    line: str
    quantity: Quantity
    unit_price: Amount
    discount_percent: Percent
    tax_percent: Percent
    net: Amount
    tax: Amount


class QuoteOut(BaseModel):
    version_says_all: ClassVar[bool] = False

    id: UUID
    version: Annotated[int, Field(description="For If-Match; the customer counts `revision`")]
    deal_id: UUID
    number: str
    revision: int
    status: QuoteStatus
    quoted_on: date
    valid_until: date
    lines: list[LineOut]
    total_discount_percent: Percent
    schedule: list[TermOut]
    list_total: Money
    net: Money
    tax: Money
    total: Money
    discount_percent: Annotated[Percent, Field(description="All discounts together, of the list total")]
    note: str | None
    sent_at: datetime | None
    accepted_at: datetime | None
    ended_at: datetime | None
    reason: str | None
    created_by: UUID
    created_at: datetime
    updated_at: datetime
    allowed_actions: list[AllowedAction]


_AMOUNTS = ("unit_price", "net", "tax")


async def _shown(db: Reader, by: Actor, quotes: Sequence[Quote], today: date) -> list[QuoteOut]:
    deals, facts = await queries.deals_of(db, quotes), await queries.facts_of(db, quotes, today)
    return [_out(rules.shown(q, by), actions(**_unmet(deals[q.deal_id], q, facts[q.id], by, today))) for q in quotes]


def _unmet(deal: Deal, quote: Quote, facts: Facts, by: Actor, today: date) -> dict[str, list[Unmet]]:
    sendable = rules.send_unmet(deal, quote, facts, by, today)
    return {
        "update": rules.edit_unmet(deal, quote, by),
        "send": [*sendable, *rules.authority_unmet(quote, by, quote.note)],
        "accept": rules.accept_unmet(deal, quote, facts, by, today),
        "reject": rules.reject_unmet(deal, quote, by),
        "withdraw": rules.withdraw_unmet(deal, quote, by),
        "revise": rules.revise_unmet(deal, quote, facts, by),
    }


def _out(quote: Quote, allowed: list[AllowedAction]) -> QuoteOut:
    fields = {name: getattr(quote, name) for name in QUOTES.names}
    money = {n: Money(amount=fields[n], currency=quote.currency) for n in ("list_total", "net", "tax", "total")}
    lines = [asdict(line) | {n: in_minor_units(getattr(line, n), quote.currency) for n in _AMOUNTS} for line in rules.lines_of(quote)]
    return QuoteOut.model_validate(fields | money | {"lines": lines, "allowed_actions": allowed})


async def _one(db: Reader, by: Actor, quote: Quote, today: date) -> QuoteOut:
    return (await _shown(db, by, [quote], today))[0]


def _terms(schedule: Sequence[Term]) -> list[dict[str, Any]]:
    return [term.model_dump(mode="json") for term in schedule]


@router.post("", status_code=201, response_model=QuoteOut, dependencies=[Selling])
async def create_quote(body: QuoteIn, tx: InTx, by: CurrentActor, today: Today) -> Any:
    """Draft a quote for an open deal, at the price book of the day. For the deal's owner and his managers."""
    quote = await commands.create(
        tx,
        body.deal_id,
        lines=[x.wanted() for x in body.lines],
        total_discount_percent=body.total_discount_percent,
        schedule=_terms(body.schedule) if body.schedule else None,
        valid_until=body.valid_until,
        note=body.note,
        at=body.at,
    )
    return await _one(tx, by, quote, today)


@router.get("", response_model=Page[QuoteOut])
async def list_quotes(page: Annotated[PageRequest, Depends(queries.LIST.params)], db: Reading, by: CurrentActor, today: Today) -> Any:
    """The quotes of the deals within your reach, each version by itself."""
    found = await queries.LIST.page(db, page, where=queries.visible(by), params=scope.params(by))
    found.items = await _shown(db, by, found.items, today)
    return found


@router.get("/{quote_id}", response_model=QuoteOut)
async def get_quote(quote_id: UUID, db: Reading, by: CurrentActor, today: Today) -> Any:
    """One version of a quote, with what can be done next and what is missing for the rest."""
    return await _one(db, by, await queries.SEEN.get(db, by, quote_id), today)


@router.patch("/{quote_id}", response_model=QuoteOut, dependencies=[Selling])
async def update_quote(quote_id: UUID, body: QuotePatch, tx: InTx, by: CurrentActor, today: Today, expect: IfMatch) -> Any:
    """Change a draft. Anything later is a new version: revise it."""
    given = body.model_fields_set
    changes = {name: getattr(body, name) for name in given - {"at", "lines", "schedule"}}
    if "schedule" in given:
        changes["schedule"] = _terms(body.schedule)
    lines = [x.wanted() for x in body.lines] if "lines" in given else None
    quote = await commands.edit(tx, quote_id, expect=expect, at=body.at, lines=lines, changes=changes)
    return await _one(tx, by, quote, today)


@router.post("/{quote_id}/revise", status_code=201, response_model=QuoteOut, dependencies=[Selling])
async def revise_quote(quote_id: UUID, tx: InTx, by: CurrentActor, today: Today, expect: IfMatch, body: Act = NOW) -> Any:
    """Draft the next version of the same number. The earlier one stays as it is until the new one is sent."""
    return await _one(tx, by, await commands.revise(tx, quote_id, expect=expect, at=body.at), today)


@router.post("/{quote_id}/send", response_model=QuoteOut, dependencies=[Selling])
async def send_quote(quote_id: UUID, tx: InTx, by: CurrentActor, today: Today, expect: IfMatch, body: Sending = TO_SEND) -> Any:
    """The quote goes to the customer; an earlier version that he had is superseded.

    Up to 10 percent off a rep may send, 20 a manager, 30 a director; above that a director with a note. 409 `discount_authority`
    says who may.
    """
    return await _one(tx, by, await commands.send(tx, quote_id, note=body.note, expect=expect, at=body.at), today)


@router.post("/{quote_id}/accept", response_model=QuoteOut, dependencies=[Selling])
async def accept_quote(quote_id: UUID, tx: InTx, by: CurrentActor, today: Today, expect: IfMatch, body: Act = NOW) -> Any:
    """The customer said yes, within the validity. The deal takes the net total as its amount, and the contract is drafted."""
    return await _one(tx, by, await commands.accept(tx, quote_id, expect=expect, at=body.at), today)


@router.post("/{quote_id}/reject", response_model=QuoteOut, dependencies=[Selling])
async def reject_quote(quote_id: UUID, body: Because, tx: InTx, by: CurrentActor, today: Today, expect: IfMatch) -> Any:
    """The customer said no."""
    return await _one(tx, by, await commands.reject(tx, quote_id, reason=body.reason, expect=expect, at=body.at), today)


@router.post("/{quote_id}/withdraw", response_model=QuoteOut, dependencies=[Selling])
async def withdraw_quote(quote_id: UUID, body: Because, tx: InTx, by: CurrentActor, today: Today, expect: IfMatch) -> Any:
    """Take a draft or a sent quote back; an accepted one only as a manager."""
    return await _one(tx, by, await commands.withdraw(tx, quote_id, reason=body.reason, expect=expect, at=body.at), today)
