"""`/v1/<records>/bulk-<act>` and `/v1/<records>/bulk-jobs`: one router per kind of record, the same for all."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import asdict
from datetime import datetime
from functools import lru_cache
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Path, Request, Response
from pydantic import BaseModel, Field, create_model
from sqlalchemy import ColumnElement, Integer, Uuid, bindparam, literal_column, select
from starlette.responses import StreamingResponse

from shared.access.kinds import unmasked
from shared.acts import AllowedAction, shown
from shared.auth import CurrentActor
from shared.auth.actor import Actor
from shared.bulk import store
from shared.bulk.asking import CHECKED, Chosen, ask, look, refused
from shared.bulk.declared import BulkAct, BulkActs
from shared.bulk.record import BulkJob, BulkOutcome, BulkState, Outcome, ended
from shared.db.database import Database
from shared.db.query import Query
from shared.db.tables import BULK_JOB, BULK_RECORD
from shared.db.tx import Reader
from shared.errors import NotFound
from shared.http.access_log import logged
from shared.http.edge import ClinchRoute, InTx, KeyRequired, Reading
from shared.http.export.columns import columns_of
from shared.http.export.files import CSV, as_csv
from shared.http.listing import Listing, Page, PageRequest
from shared.http.permit import permitted
from shared.http.problem import UnmetOut
from shared.known import ActName, ProblemCode

JOBS = Listing(
    BULK_JOB,
    BulkJob,
    filters={n: BULK_JOB.c[n] for n in ("act", "state", "asked_by", "created_at")},
    sorts=("created_at",),
    default="-created_at",
    people=("asked_by",),
)


class BulkRecordOut(BaseModel):
    """What became of one record. A refusal has the code and the words that the act's own route answers with."""

    id: UUID
    version: int | None = Field(description="The one that you had seen, if you said so.")
    outcome: BulkOutcome
    code: ProblemCode | None
    message: str | None
    unmet: list[UnmetOut]


RECORDS = Listing(BULK_RECORD, BulkRecordOut, filters={"outcome": BULK_RECORD.c.outcome}, sorts=("id",), default="id")
_OF_JOB = BULK_RECORD.c.job_id == bindparam("job_id")
_REFUSED = Query(
    select(*[BULK_RECORD.c[n] for n in BulkRecordOut.model_fields])
    .where(_OF_JOB, BULK_RECORD.c.outcome == BulkOutcome.REFUSED.value, BULK_RECORD.c.id > bindparam("after", type_=Uuid))
    .order_by(BULK_RECORD.c.id)
    .limit(bindparam("most", type_=Integer)),
    UUID,
)
_PIECE = 1000


@lru_cache(maxsize=64)
def _ours(record: str, seen: ColumnElement[bool]) -> ColumnElement[bool]:
    """The same object each time: by that a compiled statement is found again."""
    return (BULK_JOB.c.record == literal_column(f"'{record}'")) & seen


@lru_cache(maxsize=64)
def _one(seen: ColumnElement[bool], lock: bool) -> Query[BulkJob]:
    one = select(*[BULK_JOB.c[n] for n in store.NAMES]).where(BULK_JOB.c.id == bindparam("id"), seen)
    return Query(one.with_for_update() if lock else one, BulkJob)


class BulkJobOut(BaseModel):
    """`done` and `refused` of `total` is the progress. `given` and `filter` are null for roles that see such records masked."""

    id: UUID
    act: ActName
    state: BulkState
    given: dict[str, Any] | None = Field(description="The body of the act.")
    filter: dict[str, str] | None = Field(description="What the records were chosen by, if not by their ids.")
    total: int
    done: int
    refused: int
    error: str | None = Field(description="Why it was stopped.")
    asked_by: UUID
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None
    allowed_actions: list[AllowedAction]


class RefusedOut(BaseModel):
    id: UUID
    code: ProblemCode
    message: str
    unmet: list[UnmetOut]


class BulkCheck(BaseModel):
    """What a dry run has found: how many records are meant, how many of them were tried, and which of these would be refused."""

    total: int
    tried: int = Field(description=f"The first {CHECKED} by their ids, or all.")
    refused: list[RefusedOut]

    @classmethod
    def of(cls, total: int, outcomes: Sequence[Outcome]) -> "BulkCheck":
        return cls(total=total, tried=len(outcomes), refused=[RefusedOut.model_validate(asdict(one)) for one in refused(outcomes)])


def shown_to(of: BulkActs[Any], job: BulkJob, by: Actor) -> BulkJobOut:
    own = {name: getattr(job, name) for name in BulkJobOut.model_fields if name != "allowed_actions"}
    if not unmasked(of.rows.kind, by):
        own |= {"given": None, "filter": None}
    return BulkJobOut(**own, allowed_actions=shown([of.cancel], job, by))


def bulk_router(of: BulkActs[Any]) -> APIRouter:
    record = of.record
    router = APIRouter(prefix=f"/v1/{record}s", tags=["bulk"], route_class=ClinchRoute)
    for one in of.acts:
        _route(router, of, one)
    Id = Annotated[UUID, Path(alias="job_id")]

    async def find(db: Reader, by: Actor, id: UUID, *, lock: bool = False) -> BulkJob:
        found = await db.first(_one(_ours(record, of.jobs.visible(by)), lock), id=id, **of.jobs.params(by))
        if found is None:
            raise NotFound("There is no such job.")
        return found

    @router.get("/bulk-jobs", name=f"list_{record}_bulk_jobs")
    async def jobs(page: Annotated[PageRequest, Depends(JOBS.params)], db: Reading, by: CurrentActor) -> Page[BulkJobOut]:
        """Acts that were done, or are being done, with many records: yours, and those of people whose records you see."""
        return await JOBS.page(
            db, page, where=_ours(record, of.jobs.listed(by)), params=of.jobs.params(by), each=lambda job: shown_to(of, job, by)
        )

    @router.get("/bulk-jobs/{job_id}", name=f"get_{record}_bulk_job")
    async def job(id: Id, db: Reading, by: CurrentActor) -> BulkJobOut:
        """How far the job is."""
        return shown_to(of, await find(db, by, id), by)

    @router.get("/bulk-jobs/{job_id}/records", name=f"list_{record}_bulk_job_records")
    async def records(id: Id, page: Annotated[PageRequest, Depends(RECORDS.params)], db: Reading, by: CurrentActor) -> Page[BulkRecordOut]:
        """What became of each record; `outcome=refused` finds those that were refused, with the reasons."""
        found = await find(db, by, id)
        return await RECORDS.page(db, page, where=_OF_JOB, params={"job_id": found.id})

    @router.get("/bulk-jobs/{job_id}/refused.csv", name=f"get_{record}_bulk_job_refused", response_class=StreamingResponse)
    @logged
    async def refused_rows(id: Id, request: Request, by: CurrentActor) -> StreamingResponse:
        """Every refused record as CSV, with the reasons."""
        db: Database = request.app.state.db
        async with db.read() as reading:
            found = await find(reading, by, id)
        return StreamingResponse(as_csv(columns_of(BulkRecordOut), _refused(db, found.id)), media_type=f"{CSV}; charset=utf-8")

    @router.post("/bulk-jobs/{job_id}/cancel", name=of.cancel.operation)
    async def cancel(id: Id, tx: InTx, by: CurrentActor) -> BulkJobOut:
        """End the job after the current batch. What is done stays done."""
        found = await find(tx, by, id, lock=True)
        of.cancel.check(found, by)
        over = ended(found, BulkState.CANCELLED, tx.now)
        await store.save(tx, over)
        return shown_to(of, over, by)

    return router


def _route(router: APIRouter, of: BulkActs[Any], one: BulkAct[Any]) -> None:
    """The route that asks for one of the acts."""
    act, record = one.act, of.record
    says = f"The records, and what `{act.operation}` takes."
    body: Any = create_model(f"Bulk{one.body.__name__}", __base__=(Chosen, one.body), __doc__=says)

    @router.post(
        f"/bulk-{act.name}",
        name=f"bulk_{act.name}_{record}s",
        status_code=202,
        response_model=BulkJobOut,
        responses={200: {"model": BulkCheck, "description": "What a dry run has found."}},
        dependencies=[permitted(act), KeyRequired],
        description=f"Do `{act.operation}` with many {record}s, chosen by their ids or by the filters of the list, as a job.\n\n"
        "Answers when the job is kept; a worker does it record by record, with the rights that you have by then. A record that is refused "
        f"stops no other. `dry_run=true` tries the first {CHECKED} and answers (200) which of them would be refused, and why.",
    )
    async def asked(given: body, response: Response, tx: InTx, by: CurrentActor) -> Response | BulkJobOut:
        chosen: Any = given
        if not tx.kept:
            found = BulkCheck.of(*await look(tx, of, one, chosen))
            return Response(found.model_dump_json(), 200, media_type="application/json")
        job = await ask(tx, of, one, chosen)
        response.headers["Location"] = f"{of.path}/{job.id}"
        return shown_to(of, job, by)


async def _refused(db: Database, job_id: UUID) -> AsyncIterator[Sequence[dict[str, Any]]]:
    after = UUID(int=0)
    while True:
        async with db.read() as reading:
            found = await reading.records(_REFUSED, job_id=job_id, after=after, most=_PIECE)
        yield [dict(row) for row in found]
        if len(found) < _PIECE:
            return
        after = found[-1]["id"]
