"""A service with lists of boats: every type of column, and what is masked."""

from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any
from uuid import UUID, uuid4

import httpx
from fastapi import APIRouter, Depends
from pydantic import BaseModel
from sqlalchemy import ARRAY, BigInteger, Boolean, Column, Date, Index, Integer, Numeric, Table, Text, Uuid, insert

from shared.access.kinds import DEALS, LEADS, Kind
from shared.access.rows import Rows
from shared.auth import CurrentActor
from shared.auth.actor import person_id
from shared.db.query import Query
from shared.db.tables import At, service_metadata
from shared.http.edge import ClinchRoute, Reading
from shared.http.listing import Listing, Page, PageRequest
from shared.process.service import Service
from tests.harness import Running

METADATA = service_metadata()
BOAT = Table(
    "boat",
    METADATA,
    Column("id", Uuid, primary_key=True),
    Column("name", Text, nullable=False),
    Column("rig", Text, nullable=False),
    Column("price", Numeric(12, 2)),
    Column("length", Integer, nullable=False),
    Column("hull_number", BigInteger, nullable=False),
    Column("built_on", Date),
    Column("seen_at", At, nullable=False),
    Column("owner_id", Uuid),
    Column("racing", Boolean, nullable=False),
    Column("tags", ARRAY(Text), nullable=False),
    Index("ix_boat_price", "price", "id"),
    Index("ix_boat_seen_at", "seen_at", "id"),
)
SEEN = Rows(LEADS, id=BOAT.c.id, owner=BOAT.c.owner_id)


class Rig(StrEnum):
    SLOOP = "sloop"
    KETCH = "ketch"


@dataclass(frozen=True, slots=True)
class Boat:
    id: UUID
    name: str
    rig: Rig
    price: Decimal | None
    length: int
    hull_number: int
    built_on: date | None
    seen_at: datetime
    owner_id: UUID | None
    racing: bool
    tags: list[str]


class BoatOut(BaseModel):
    id: UUID
    name: str
    rig: Rig
    price: Decimal | None
    length: int
    built_on: date | None
    seen_at: datetime
    owner_id: UUID | None
    racing: bool
    tags: list[str]


SORTS = ("id", "name", "rig", "price", "length", "built_on", "seen_at", "racing")
BOATS = Listing(
    BOAT,
    Boat,
    filters={c.name: c for c in BOAT.c if c.name != "id"},
    sorts=SORTS,
    default="-seen_at",
    search=(BOAT.c.name,),
)
router = APIRouter(prefix="/v1/boats", route_class=ClinchRoute)


@router.get("", response_model=Page[BoatOut])
async def list_boats(
    page: Annotated[PageRequest, Depends(BOATS.params)], db: Reading, by: CurrentActor, embed: str | None = None
) -> Page[Any]:
    return await BOATS.page(db, page, where=SEEN.visible(by), params=SEEN.params(by))


def _named(kind: Kind | None) -> Listing[Boat]:
    return Listing(BOAT, Boat, filters={"name": BOAT.c.name}, sorts=("id",), default="id", personal=[BOAT.c.name], kind=kind)


NAMED_DEALS, NAMED_ANYTHING = _named(DEALS), _named(None)


@router.get("/deals", response_model=Page[BoatOut])
async def list_deals(page: Annotated[PageRequest, Depends(NAMED_DEALS.params)], db: Reading) -> Page[Any]:
    return await NAMED_DEALS.page(db, page)


@router.get("/anything", response_model=Page[BoatOut])
async def list_anything(page: Annotated[PageRequest, Depends(NAMED_ANYTHING.params)], db: Reading) -> Page[Any]:
    return await NAMED_ANYTHING.page(db, page)


BOAT_SVC = Service("boat-svc", ["/v1/boats"], METADATA, Path("none"), routers=[router])
ADD = Query(insert(BOAT), Boat)
NOW = datetime(2026, 1, 1, tzinfo=UTC)
MINE = person_id("ann")


def boat(**given: Any) -> Boat:
    made: dict[str, Any] = {
        "id": uuid4(),
        "name": "Argo",
        "rig": Rig.SLOOP,
        "price": None,
        "length": 10,
        "hull_number": 1,
        "built_on": None,
        "seen_at": NOW,
        "owner_id": None,
        "racing": False,
        "tags": [],
    }
    return Boat(**made | given)


async def put(harbour: Running, *boats: Boat, keep: bool = False) -> None:
    async with harbour.transaction() as tx:
        if not keep:
            await tx.execute("TRUNCATE boat")
        for one in boats:
            await tx.run(ADD, **{n: getattr(one, n) for n in BOATS.names})


async def ids(client: httpx.AsyncClient, **params: Any) -> list[UUID]:
    answer = await client.get("/v1/boats", params=params)
    assert answer.status_code == 200, answer.text
    return [UUID(item["id"]) for item in answer.json()["items"]]


async def refusal(client: httpx.AsyncClient, **params: Any) -> dict[str, Any]:
    answer = await client.get("/v1/boats", params=params)
    assert answer.status_code == 422, answer.text
    error: dict[str, Any] = answer.json()["errors"][0]
    return error
