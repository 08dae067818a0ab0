"""Routes of deals: open, find, change, move, close."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Annotated, Any, ClassVar
from uuid import UUID

from fastapi import APIRouter, Depends
from pydantic import BaseModel, Field, model_validator

from deal_svc.bodies import Act, Because
from deal_svc.deals import commands, queries, rules
from deal_svc.deals.rules import SELLING, Deal, Kind, LossReason, Stage
from deal_svc.deals.tables import DEALS
from deal_svc.discovery.rules import record_unmet
from deal_svc.quotes.queries import IDS_OF_DEAL
from deal_svc.stages import commands as stages
from deal_svc.stages.queries import facts_of
from deal_svc.stages.rules import Facts, OpenStage, actions_unmet
from shared.auth import Actor, CurrentActor, Role, require
from shared.db import scope
from shared.db.tx import Reader
from shared.fields import Day, Name, Source, Text
from shared.http.actions import AllowedAction, actions
from shared.http.edge import ClinchRoute, IfMatch, InTx, Reading
from shared.http.listing import Page, PageRequest
from shared.http.patch import NOT_GIVEN
from shared.http.timeline import TIMELINE, TimelineEntry, timeline
from shared.money import Money, Worth

router = APIRouter(prefix="/v1/deals", tags=["deals"], route_class=ClinchRoute)
Selling = Depends(require(*SELLING))


class DealIn(Act):
    """A deal that no lead stands for: a renewal, an upsell, or a new one that came by itself."""

    name: Name
    kind: Kind = Kind.NEW
    account_id: UUID
    amount: Worth
    owner_id: Annotated[UUID | None, Field(description="Yourself by default; a manager may name another")] = None
    source: Source | None = None
    product: Annotated[Name | None, Field(description="Product line; by default that of the accepted quote")] = None
    region: Annotated[Name | None, Field(description="By default the account's")] = None
    expected_close_on: Day | None = None


class DealPatch(Act):
    name: Name = NOT_GIVEN
    amount: Worth = NOT_GIVEN
    kind: Kind = NOT_GIVEN
    source: Source | None = NOT_GIVEN
    product: Name | None = NOT_GIVEN
    region: Name | None = NOT_GIVEN
    competitor: Name | None = NOT_GIVEN
    expected_close_on: Day | None = NOT_GIVEN


class Assignment(Act):
    owner_id: UUID


class Transition(Act):
    """`reason` is needed to go back, and for a manager to pass gates or stages."""

    to: OpenStage
    reason: Text | None = None


class Loss(Act):
    reason: LossReason
    competitor: Annotated[Name | None, Field(description="Needed when the reason is `competitor`")] = None
    note: Annotated[Text | None, Field(description="Needed when the reason is `other`")] = None

    @model_validator(mode="after")
    def _complete(self) -> "Loss":
        if self.reason is LossReason.COMPETITOR and self.competitor is None:
            raise ValueError("Name the competitor.")
        if self.reason is LossReason.OTHER and self.note is None:
            raise ValueError("Say in a note why.")
        return self


class ManualWin(Act):
    evidence: Text


class Reopening(Because):
    to: Annotated[OpenStage | None, Field(description="`discovery`, or the stage that it was lost in (default)")] = None


class LeadOut(BaseModel):
    """A lead that was converted into the deal after its primary one: an assist."""

    lead_id: UUID
    conversion_id: UUID
    joined_at: datetime


class DealOut(BaseModel):
    """What the customer said and what people noted is left out for roles that see no personal data."""

    version_says_all: ClassVar[bool] = False

    id: UUID
    version: int
    name: str
    kind: Kind
    stage: Stage
    stage_since: datetime
    cycle: Annotated[int, Field(description="1, and one more with each reopening")]
    probability: Annotated[int, Field(description="Percent, by stage")]
    amount: Money
    expected_close_on: date | None
    owner_id: UUID | None
    team_id: UUID | None
    account_id: UUID | None
    account_name: str | None
    lead_id: Annotated[UUID | None, Field(description="The primary lead; null for a direct deal")]
    source: str | None
    product: str | None
    region: str | None
    competitor: str | None
    needs: str | None
    needs_confirmed_at: datetime | None
    next_step: str | None
    next_step_due_at: datetime | None
    opened_at: datetime
    closed_at: datetime | None
    closed_from: Stage | None
    close_reason: str | None
    close_note: str | None
    manual_win: bool
    quote_id: UUID | None
    contract_id: UUID | None
    external_id: str | None
    imported: bool
    flags: Annotated[list[str], Field(description="Odd, but true")]
    created_at: datetime
    updated_at: datetime
    allowed_actions: list[AllowedAction]


async def _shown(db: Reader, by: Actor, deals: Sequence[Deal]) -> list[DealOut]:
    facts = await facts_of(db, [deal.id for deal in deals])
    return [_out(deal, facts[deal.id], by) for deal in deals]


def _unmet(deal: Deal, by: Actor) -> dict[str, Any]:
    change, record = rules.change_unmet(deal, by), record_unmet(deal, by)
    return {"update": change, "assign": rules.assign_unmet(deal, by, by.id), "record": record, "quote": change}


def _out(deal: Deal, facts: Facts, by: Actor) -> DealOut:
    seen = rules.shown(deal, by)
    fields: dict[str, Any] = {name: getattr(seen, name) for name in DEALS.names}
    fields["amount"] = Money.model_construct(amount=deal.amount, currency=deal.currency)
    fields["flags"] = sorted(deal.flags)
    fields["allowed_actions"] = actions(**_unmet(deal, by), **actions_unmet(deal, facts, by))
    return DealOut.model_validate(fields)


async def _one(db: Reader, by: Actor, deal: Deal) -> DealOut:
    return (await _shown(db, by, [deal]))[0]


@router.post("", status_code=201, response_model=DealOut, dependencies=[Selling])
async def open_deal(body: DealIn, tx: InTx, by: CurrentActor) -> Any:
    """Open a deal without a lead. For everybody who sells, on an account that they may see."""
    given = body.model_dump(exclude={"amount"})
    return await _one(tx, by, await commands.open_deal(tx, **given, amount=body.amount.amount, currency=body.amount.currency))


@router.get("", response_model=Page[DealOut])
async def list_deals(page: Annotated[PageRequest, Depends(queries.LIST.params)], db: Reading, by: CurrentActor) -> Any:
    """The deals within your reach: your own, your team's, or all. `open=true` finds those neither won nor lost."""
    found = await queries.LIST.page(db, page, where=queries.visible(by), params=scope.params(by))
    found.items = await _shown(db, by, found.items)
    return found


@router.get("/{deal_id}", response_model=DealOut)
async def get_deal(deal_id: UUID, db: Reading, by: CurrentActor) -> Any:
    """One deal, with what can be done next and what is missing for the rest."""
    return await _one(db, by, await queries.SEEN.get(db, by, deal_id))


@router.patch("/{deal_id}", response_model=DealOut, dependencies=[Selling])
async def update_deal(deal_id: UUID, body: DealPatch, tx: InTx, by: CurrentActor, expect: IfMatch) -> Any:
    """Change what an open deal says. For its owner and his managers."""
    changes = body.model_dump(exclude_unset=True, exclude={"at"})
    if (amount := changes.pop("amount", None)) is not None:
        changes |= {"amount": body.amount.amount, "currency": amount["currency"]}
    return await _one(tx, by, await commands.edit(tx, deal_id, expect=expect, at=body.at, changes=changes))


@router.post("/{deal_id}/assign", response_model=DealOut, dependencies=[Selling])
async def assign_deal(deal_id: UUID, body: Assignment, tx: InTx, by: CurrentActor, expect: IfMatch) -> Any:
    """Hand an open deal to somebody on the roster. For managers; everybody who sells may take one that nobody owns."""
    return await _one(tx, by, await commands.assign(tx, deal_id, body.owner_id, expect=expect, at=body.at))


@router.post("/{deal_id}/transitions", response_model=DealOut, dependencies=[Selling])
async def move_deal(deal_id: UUID, body: Transition, tx: InTx, by: CurrentActor, expect: IfMatch) -> Any:
    """Move an open deal to another stage. For its owner and his managers.

    One stage forward when the gate's guards are met, one back with a reason. A manager with a reason may also pass gates and stages
    (the event lists what was skipped), and go further back.
    """
    moved, facts = await stages.move(tx, deal_id, Stage(body.to), reason=body.reason, expect=expect, at=body.at)
    return _out(moved, facts, by)


@router.post("/{deal_id}/lose", response_model=DealOut, dependencies=[Selling])
async def lose_deal(deal_id: UUID, body: Loss, tx: InTx, by: CurrentActor, expect: IfMatch) -> Any:
    """Close an open deal as lost; its drafts and sent quotes are withdrawn. For its owner and his managers."""
    lost = await stages.lose(tx, deal_id, reason=body.reason, competitor=body.competitor, note=body.note, expect=expect, at=body.at)
    return await _one(tx, by, lost)


@router.post("/{deal_id}/win", response_model=DealOut, dependencies=[Depends(require(Role.director))])
async def win_deal(deal_id: UUID, body: ManualWin, tx: InTx, by: CurrentActor, expect: IfMatch) -> Any:
    """Win an open deal without a contract signed here. For a director, with evidence; the win is flagged `manual_win`."""
    return await _one(tx, by, await stages.win(tx, deal_id, evidence=body.evidence, expect=expect, at=body.at))


@router.post("/{deal_id}/reopen", response_model=DealOut, dependencies=[Selling])
async def reopen_deal(deal_id: UUID, body: Reopening, tx: InTx, by: CurrentActor, expect: IfMatch) -> Any:
    """Bring a lost deal back, in a new cycle. For managers."""
    to = Stage(body.to) if body.to else None
    return await _one(tx, by, await stages.reopen(tx, deal_id, to=to, reason=body.reason, expect=expect, at=body.at))


@router.get("/{deal_id}/leads", response_model=list[LeadOut])
async def list_joined_leads(deal_id: UUID, db: Reading, by: CurrentActor) -> Any:
    """The further leads that were joined to the deal, in the order they came."""
    await queries.SEEN.get(db, by, deal_id)
    return await db.all(queries.JOINED, deal_id=deal_id)


@router.get("/{deal_id}/timeline", response_model=Page[TimelineEntry])
async def deal_timeline(deal_id: UUID, page: Annotated[PageRequest, Depends(TIMELINE.params)], db: Reading, by: CurrentActor) -> Any:
    """Everything that happened to the deal and its quotes."""
    await queries.SEEN.get(db, by, deal_id)
    return await timeline(db, page, [deal_id, *await db.all(IDS_OF_DEAL, deal_id=deal_id)])
