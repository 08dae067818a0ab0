"""Routes of price lists: everybody reads them, operations keep them."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any, ClassVar
from uuid import UUID

from fastapi import APIRouter, Depends
from pydantic import Field

from deal_svc.catalog.rules import sees_floor
from deal_svc.price_lists import commands, queries
from deal_svc.price_lists.fields import BundlePart, Entries, ListFields, ListName, Priced, VolumeTier
from deal_svc.price_lists.record import ListState, PriceList
from deal_svc.price_lists.rules import ACTIVATE, CHANGE, DRAFT_LIST, PRICE_LIST_ACTS, RETIRE, REVISE, ListFacts
from deal_svc.price_lists.tables import PRICE_LISTS
from shared.acts import AllowedAction, shown
from shared.auth import Actor, CurrentActor
from shared.db.tx import Reader
from shared.fields import Day
from shared.http.body import Body
from shared.http.edge import ClinchRoute, IfMatch, InTx, Reading
from shared.http.listing import Page, PageRequest
from shared.http.patch import Patch
from shared.http.permit import permitted

router = APIRouter(prefix="/v1/price-lists", tags=["price lists"], route_class=ClinchRoute)


class PriceListIn(ListFields, Body):
    name: ListName
    entries: Entries = Field(default_factory=list)


class PriceListPatch(ListFields, Patch):
    entries: Entries


class RevisionIn(Body):
    valid_from: Annotated[Day, Field(description="The first day of the new version")]


class BundlePartOut(BundlePart):
    sku: str
    name: str


class EntryOut(Priced):
    product_id: UUID
    tiers: list[VolumeTier]
    parts: list[BundlePartOut]


class PriceListOut(ListFields):
    id: UUID
    version: int
    name: ListName
    revision: int
    state: ListState
    entries: Annotated[list[EntryOut], Field(description="Floors are left out for others than those who set prices, finance and directors")]
    created_by: UUID
    created_at: datetime
    updated_at: datetime
    allowed_actions: list[AllowedAction]

    version_says_all: ClassVar[bool] = False

    @classmethod
    def of(cls, one: PriceList, by: Actor, facts: ListFacts) -> "PriceListOut":
        said: dict[str, Any] = {name: getattr(one, name) for name in PRICE_LISTS.names}
        said["entries"] = [EntryOut.model_validate(entry if sees_floor(by) else _without_floors(entry)) for entry in one.entries]
        return cls.model_construct(**said, allowed_actions=shown(PRICE_LIST_ACTS, one, by, facts))


def _without_floors(entry: dict[str, Any]) -> dict[str, Any]:
    return entry | {"floor": None, "tiers": [tier | {"floor": None} for tier in entry["tiers"]]}


async def _lists_out(db: Reader, by: Actor, lists: Sequence[PriceList]) -> list[PriceListOut]:
    facts = await queries.facts_of(db, lists)
    return [PriceListOut.of(one, by, facts[one.id]) for one in lists]


async def _list_out(db: Reader, by: Actor, one: PriceList) -> PriceListOut:
    [answer] = await _lists_out(db, by, [one])
    return answer


@router.post("", status_code=201, dependencies=[permitted(DRAFT_LIST)])
async def create_price_list(body: PriceListIn, tx: InTx, by: CurrentActor) -> PriceListOut:
    """Draft a price list. For operations. It prices nothing until it is activated."""
    return await _list_out(tx, by, await commands.create(tx, name=body.name, said=body.only(ListFields), entries=body.entries))


@router.get("")
async def list_price_lists(page: Annotated[PageRequest, Depends(queries.LIST.params)], db: Reading, by: CurrentActor) -> Page[PriceListOut]:
    """Price lists, each version by itself."""
    found = await queries.LIST.page(db, page)
    found.items = await _lists_out(db, by, found.items)
    return found


@router.get("/{price_list_id}")
async def get_price_list(price_list_id: UUID, db: Reading, by: CurrentActor) -> PriceListOut:
    """One version of a price list."""
    return await _list_out(db, by, await db.get(PRICE_LISTS, price_list_id))


@router.patch("/{price_list_id}", dependencies=[permitted(CHANGE)])
async def update_price_list(price_list_id: UUID, body: PriceListPatch, tx: InTx, by: CurrentActor, expect: IfMatch) -> PriceListOut:
    """Change a draft. Entries are given all together. Anything later is a new version: revise it."""
    entries = body.entries if "entries" in body.model_fields_set else None
    changes = body.given(without=frozenset({"entries"}))
    return await _list_out(tx, by, await commands.edit(tx, price_list_id, expect=expect, changes=changes, entries=entries))


@router.post("/{price_list_id}/activate", dependencies=[permitted(ACTIVATE)])
async def activate_price_list(price_list_id: UUID, tx: InTx, by: CurrentActor, expect: IfMatch) -> PriceListOut:
    """Let the version price quotes on its days. The version before it ends the day before, or is retired where it has no day left.

    409 when another list is for the same customers on some of the days.
    """
    return await _list_out(tx, by, await commands.activate(tx, price_list_id, expect=expect))


@router.post("/{price_list_id}/retire", dependencies=[permitted(RETIRE)])
async def retire_price_list(price_list_id: UUID, tx: InTx, by: CurrentActor, expect: IfMatch) -> PriceListOut:
    """The version prices nothing any more. Quotes keep the prices that they have."""
    return await _list_out(tx, by, await commands.retire(tx, price_list_id, expect=expect))


@router.post("/{price_list_id}/revise", status_code=201, dependencies=[permitted(REVISE)])
async def revise_price_list(price_list_id: UUID, body: RevisionIn, tx: InTx, by: CurrentActor, expect: IfMatch) -> PriceListOut:
    """Draft the next version. This one stands until that one is active."""
    return await _list_out(tx, by, await commands.revise(tx, price_list_id, expect=expect, valid_from=body.valid_from))
