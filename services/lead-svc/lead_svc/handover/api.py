"""`/v1/team/people/{id}/hand-over`: a person's records go to somebody else."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any, Self
from uuid import UUID

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field

from lead_svc.handover import commands
from lead_svc.handover.rules import HAND_OVER_RECORDS
from lead_svc.team.tables import PEOPLE
from shared.auth import Actor, CurrentActor, Role
from shared.db.tx import Reader
from shared.errors import NotFound
from shared.events.team import HandOverFilter
from shared.fields import Short, Source, Text
from shared.handover.parts import PARTS, HandOverKind
from shared.handover.store import OF_PERSON, HandOver
from shared.http.body import Body
from shared.http.edge import ClinchRoute, IfMatch, InTx, Reading

router = APIRouter(prefix="/v1/team/people", tags=["team"], route_class=ClinchRoute)


class HandOverWhich(HandOverFilter):
    """Which records; what is not given leaves out none. Accounts have a region only, and can be named by their ids."""

    model_config = ConfigDict(extra="forbid")

    region: Short | None = None
    product: Short | None = None
    source: Source | None = None
    account_ids: Annotated[list[UUID] | None, Field(min_length=1, max_length=1000, description="Accounts, or records of theirs.")] = None


class HandOverIn(Body):
    to: UUID = Field(description="Who takes the records: active, and a rep, kam, manager or csm.")
    kinds: list[HandOverKind] = Field(default_factory=lambda: list(HandOverKind), min_length=1, description="By default all.")
    filter: HandOverWhich = HandOverWhich()
    reason: Annotated[Text | None, Field(description="Shown in the history of each record, and told: nothing confidential.")] = None


class HandOverPart(BaseModel):
    """How far one service is with one kind of its records."""

    service: str
    part: str = Field(description="`unsigned_contracts` are not signed yet: they go with their deals.", examples=["deals"])
    moved: int
    left: int | None = Field(description="How many are still to be moved; null while the service has not begun.")
    since: datetime | None = Field(description="When the service moved the first ones.")
    done_at: datetime | None = Field(description="When the service was done with all of its kinds.")


class HandOverOut(BaseModel):
    """`done`: every service has moved its records."""

    number: int
    from_id: UUID
    to_id: UUID
    kinds: list[HandOverKind]
    filter: HandOverFilter
    reason: str | None
    by: UUID = Field(description="Who asked for it.")
    at: datetime
    done: bool
    parts: list[HandOverPart]

    @classmethod
    def of(cls, rows: Sequence[HandOver]) -> Self:
        """One hand-over, from what is known of each service."""
        one = rows[0]
        by_service = {row.service: row for row in rows}
        shown = [_part(part.name, by_service[part.service]) for part in PARTS if part.kind in one.kinds and part.service in by_service]
        known: dict[str, Any] = {n: getattr(one, n) for n in ("number", "from_id", "to_id", "kinds", "reason")}
        done = all(row.done_at for row in rows)
        return cls(**known, filter=HandOverFilter.model_validate(one.filter), by=one.actor_id, at=one.told_at, done=done, parts=shown)


class HandOverList(BaseModel):
    items: list[HandOverOut]


def _part(name: str, row: HandOver) -> HandOverPart:
    moved, left = row.moved.get(name, 0), row.remaining.get(name)
    return HandOverPart(service=row.service, part=name, moved=moved, left=left, since=row.started_at, done_at=row.done_at)


@router.post("/{person_id}/hand-over", status_code=202)
async def hand_over_person(person_id: UUID, body: HandOverIn, tx: InTx, by: CurrentActor, expect: IfMatch) -> HandOverOut:
    """Give a person's records to somebody else, for example when they leave or change teams.

    Every service moves its own in the background; ask for the hand-over by its number to see how far each is. Quotes go with their
    deals, milestones and payments with their contracts, contracts that are not signed yet with their deals. What was counted stays with
    whom it was counted for.

    For admins, sales operations and directors, and for managers of both people.
    """
    kinds = list(dict.fromkeys(body.kinds))
    number = await commands.hand_over(tx, person_id, to_id=body.to, kinds=kinds, asked=body.filter, reason=body.reason, expect=expect)
    return await _one(tx, person_id, number)


@router.get("/{person_id}/hand-over")
async def list_hand_overs(person_id: UUID, db: Reading, by: CurrentActor) -> HandOverList:
    """The hand-overs of a person's records, the last one first."""
    _may_read(by)
    await db.get(PEOPLE, person_id)
    return HandOverList(items=await _all(db, person_id))


@router.get("/{person_id}/hand-over/{number}")
async def get_hand_over(person_id: UUID, number: int, db: Reading, by: CurrentActor) -> HandOverOut:
    """How far a hand-over is: for each service and kind how many records it has moved, and how many are left."""
    _may_read(by)
    return await _one(db, person_id, number)


def _may_read(by: Actor) -> None:
    """Why somebody's records went is told to those who may hand over, and to auditors."""
    if not by.has(Role.auditor):
        HAND_OVER_RECORDS.permit(by)


async def _all(db: Reader, person_id: UUID) -> list[HandOverOut]:
    by_number: dict[int, list[HandOver]] = {}
    for row in await db.all(OF_PERSON, from_id=person_id):
        by_number.setdefault(row.number, []).append(row)
    return [HandOverOut.of(rows) for rows in by_number.values()]


async def _one(db: Reader, person_id: UUID, number: int) -> HandOverOut:
    found = next((one for one in await _all(db, person_id) if one.number == number), None)
    if found is None:
        raise NotFound("There is no such hand-over.")
    return found
