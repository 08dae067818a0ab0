"""Exports: what there is to take, and each of them as a file."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import date
from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import APIRouter, Path, Query, Request
from starlette.responses import StreamingResponse

from metrics_svc.exports import kpis, rows
from metrics_svc.exports.catalogue import ALL
from metrics_svc.exports.export import Export
from metrics_svc.exports.files import CSV, MEDIA, PARQUET, Form, as_csv, as_parquet, must_write
from metrics_svc.exports.kpis import Figures
from metrics_svc.exports.models import ExportOut, ExportsOut
from metrics_svc.figures.access import sees_fact
from metrics_svc.figures.api import numbers
from metrics_svc.figures.question import By, Question
from metrics_svc.kpi import catalogue
from shared.access.kinds import CASH_FIGURES, DEAL_FIGURES, LEAD_FIGURES, sees
from shared.acts import who
from shared.auth import Actor, CurrentActor, Role
from shared.calendar import day_of
from shared.db.tx import Reader
from shared.errors import Forbidden, Invalid, NotFound, Unavailable
from shared.fields import Day
from shared.http.access_log import Reads
from shared.http.edge import ClinchRoute
from shared.http.streamed import Streamed

router = APIRouter(prefix="/v1/exports", tags=["exports"], route_class=ClinchRoute)

TAKE = who(Role.director, Role.admin, Role.finance, Role.sales_ops, scope="figures:read")
"""Who takes all that they see; everybody else takes what is credited to them."""
Me = Literal["me"]
AT_ONCE = 2
"""Files that one process makes at a time: each holds a connection as long as its client takes."""

FIGURES = (LEAD_FIGURES, DEAL_FIGURES, CASH_FIGURES)

_FILES = {
    CSV: {"schema": {"type": "string"}},
    PARQUET: {"schema": {"type": "string", "format": "binary"}},
}
_NO_PARQUET = {"description": "This installation writes no Parquet", "content": {"application/problem+json": {}}}


@router.get("")
async def list_exports(by: CurrentActor) -> ExportsOut:
    """What the caller may take, with the schema of each: columns, their types and what they mean."""
    return ExportsOut(items=[ExportOut.of(export) for export in ALL.values() if _shows(export, by)])


@router.get(
    "/{export}",
    response_class=StreamingResponse,
    responses={200: {"description": "The file, streamed", "content": _FILES}, 501: _NO_PARQUET},
)
async def read_export(
    request: Request,
    by: CurrentActor,
    export: Annotated[str, Path(max_length=100, description="A name of the list.", examples=["deals"])],
    since: Annotated[Day | None, Query(description="First day of the export's `day`, inclusive; needed for KPIs.")] = None,
    until: Annotated[Day | None, Query(description="Last day, exclusive.")] = None,
    format: Annotated[Form, Query(description="`parquet` where the installation has it.")] = "csv",
    dimension: Annotated[By | None, Query(alias="by", description="Of KPIs: a row for each value of this dimension.")] = None,
    owner_id: Annotated[UUID | Me | None, Query(description="Only what is credited to this person; `me` for oneself.")] = None,
    version: Annotated[int | None, Query(ge=1, description="Refuse if the schema is of another version.")] = None,
) -> Streamed:
    """All rows of a fact, or all KPIs per day or month. Directors, finance, sales operations, admins and clients with `figures:read` take
    what they see of it; everybody else what is credited to them (`owner_id=me`). A file that is cut off has no end: take it again."""
    found = ALL.get(export)
    if found is None:
        raise NotFound("There is no such export; GET /v1/exports lists them.")
    owner = by.id if owner_id == "me" else owner_id
    _check(found, by, owner, version)
    must_write(format)
    asked = _question(request, since, until, dimension, owner, found)
    return await _File(request, found, asked, by, owner, format).answer()


def _shows(export: Export | Figures, by: Actor) -> bool:
    return sees_fact(export.of, by) if isinstance(export, Export) else any(sees(kind, by) for kind in FIGURES)


def _check(export: Export | Figures, by: Actor, owner: UUID | None, version: int | None) -> None:
    if not _shows(export, by):
        raise Forbidden("Your roles do not show what is in this export.")
    if not TAKE.may_ever(by) and owner != by.id:
        says = "All that you see is taken by directors, finance and sales operations. Ask for what is credited to you: owner_id=me."
        raise Forbidden(says)
    if version not in (None, export.version):
        says = f"This export is of version {export.version} now; GET /v1/exports has its columns."
        raise Invalid(says, pointer="version", code="other_version")


def _question(
    request: Request, since: date | None, until: date | None, by: By | None, owner: UUID | None, export: Export | Figures
) -> Question:
    if since is not None and until is not None and until <= since:
        raise Invalid("`until` is exclusive and must be later than `since`.", pointer="until", code="bad_period")
    if by is not None and isinstance(export, Export):
        raise Invalid("Rows of facts have all dimensions: leave this out.", pointer="by", code="no_such_dimension")
    state = request.app.state
    zone = state.settings.zone
    filters = {} if owner is None else {"owner": str(owner)}
    return Question(start=since, end=until, as_of=None, by=by, filters=filters, zone=zone, today=day_of(state.clock(), zone))


class _File:
    """One export on its way."""

    def __init__(self, request: Request, export: Export | Figures, asked: Question, by: Actor, owner: UUID | None, form: Form) -> None:
        self._request, self._export, self._asked, self._by, self._owner, self._form = request, export, asked, by, owner, form
        self._rows = 0

    async def answer(self) -> Streamed:
        """The answer, once its first piece is there: what is refused by then is a refusal and no broken file."""
        if isinstance(self._export, Figures):
            self._asked = kpis.check(self._export, self._asked)
        pieces = self._pieces()
        self._response = Streamed(pieces, MEDIA[self._form], first=await anext(pieces), ended=self._note)
        self._response.headers["Content-Disposition"] = f'attachment; filename="{self._export.name}.{self._form}"'
        self._response.headers["Export-Version"] = str(self._export.version)
        return self._response

    def _note(self) -> None:
        """Log what was taken, also what somebody took of it who went away."""
        self._request.state.records = self._rows
        reads = Reads(f"read_export.{self._export.name}.{self._form}", None, frozenset(), always=True)
        self._request.app.state.access_log.note(reads, self._request, self._response)

    async def _pieces(self) -> AsyncGenerator[bytes]:
        async with place(self._request.app.state), rows.one_moment(self._request.app.state.db) as (db, conn):
            read = self._counted(self._read(db, conn))
            columns, about = self._export.schema, {"export": self._export.name, "version": str(self._export.version)}
            pieces = as_csv(columns, read) if self._form == "csv" else as_parquet(columns, read, about)
            async for piece in pieces:
                yield piece

    def _read(self, db: Reader, conn: Any) -> AsyncIterator[Sequence[Any]]:
        if isinstance(self._export, Export):
            return rows.read(conn, self._export, self._by, self._asked, self._owner)
        reckoned = [kpi.by(numbers(db)) for kpi in catalogue().values()]
        currency = self._request.app.state.settings.reporting_currency
        return kpis.read(db, self._export, self._by, self._asked, reckoned, currency)

    async def _counted(self, read: AsyncIterator[Sequence[Any]]) -> AsyncIterator[Sequence[Any]]:
        async for batch in read:
            self._rows += len(batch)
            yield batch


@asynccontextmanager
async def place(state: Any) -> AsyncIterator[None]:
    """One of the places for files in the process of this app's state. `Unavailable` when none comes free in time."""
    if not hasattr(state, "exporting"):
        state.exporting = asyncio.Semaphore(AT_ONCE)
    try:
        async with asyncio.timeout(state.settings.pool_wait_seconds):
            await state.exporting.acquire()
    except TimeoutError:
        says = "As many files as this process makes at a time are on their way; repeat the request."
        raise Unavailable(says, retry_after=10) from None
    try:
        yield
    finally:
        state.exporting.release()
