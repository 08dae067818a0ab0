"""Operations: what did not work by itself, and what is waiting for its time.

For the roles admin and ops.
"""

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from typing import Annotated
from uuid import UUID

import structlog
from fastapi import APIRouter, Depends, Query, Request
from pydantic import BaseModel, Field
from sqlalchemy import ColumnElement, bindparam

from shared.auth import CurrentActor
from shared.db.tables import DEAD_LETTER, TIMER, At
from shared.http.edge import ClinchRoute, InTx, Reading
from shared.http.listing import Listing, Page, PageRequest
from shared.http.operators import OPERATE, DropIn, LetterState, RedrivenOut, by_state
from shared.http.outbox_letters import add_outbox_letters
from shared.http.permit import permitted
from shared.known import TimerKind
from shared.log import dead_letters
from shared.log.dead_letters import Redriven
from shared.log.readers import Reader

log = structlog.get_logger()


class DeadLetterOut(BaseModel):
    """An event that a consumer could not deal with.

    `attempts` is 0 for one that was not tried: it waits or cannot be read.
    """

    id: UUID
    consumer: str
    topic: str
    partition: int
    offset: int
    subject: str
    headers: dict[str, str] = Field(description="The event's CloudEvents attributes, `ce_type` and `ce_id` among them.")
    error: str
    attempts: int
    parked_at: datetime
    settled_at: datetime | None
    outcome: str | None = Field(description="`redriven`, or `dropped: <reason>`.")


class TimerOut(BaseModel):
    id: UUID
    kind: TimerKind
    subject: UUID
    due_at: datetime
    attempts: int = Field(description="How often it has failed.")
    retry_at: datetime | None
    error: str | None
    fired_at: datetime | None
    cancelled_at: datetime | None


class TimerState(StrEnum):
    """`late` and `failed` are among the open ones: due and not fired, and tried in vain."""

    open = "open"
    late = "late"
    failed = "failed"
    fired = "fired"
    cancelled = "cancelled"


DEAD_LETTERS = Listing(
    DEAD_LETTER,
    DeadLetterOut,
    filters={"consumer": DEAD_LETTER.c.consumer, "topic": DEAD_LETTER.c.topic, "subject": DEAD_LETTER.c.subject},
    sorts=("id",),
    default="id",
)
TIMERS = Listing(TIMER, TimerOut, filters={"kind": TIMER.c.kind, "subject": TIMER.c.subject}, sorts=("due_at", "id"), default="due_at")

_LETTERS = by_state(DEAD_LETTER)
_OPEN = TIMER.c.fired_at.is_(None) & TIMER.c.cancelled_at.is_(None)
_TIMERS: dict[TimerState, ColumnElement[bool]] = {
    TimerState.open: _OPEN,
    TimerState.late: _OPEN & (TIMER.c.due_at < bindparam("now", type_=At)),
    TimerState.failed: _OPEN & TIMER.c.error.is_not(None),
    TimerState.fired: TIMER.c.fired_at.is_not(None),
    TimerState.cancelled: TIMER.c.cancelled_at.is_not(None),
}


def operations_router(service: str, readers: Mapping[str, Reader]) -> APIRouter:
    """The operations API of one service; `readers` are its own by their name, for handling letters again."""
    router = APIRouter(prefix=f"/v1/operations/{service}", tags=["operations"], route_class=ClinchRoute, dependencies=[permitted(OPERATE)])

    @router.get("/dead-letters")
    async def list_dead_letters(
        page: Annotated[PageRequest, Depends(DEAD_LETTERS.params)],
        db: Reading,
        state: Annotated[LetterState, Query()] = LetterState.open,
    ) -> Page[DeadLetterOut]:
        """Events that could not be dealt with, oldest first.

        Later events of the same subject wait behind each.
        """
        return await DEAD_LETTERS.page(db, page, where=_LETTERS[state])

    @router.post("/dead-letters/{letter_id}/redrive", response_model=RedrivenOut)
    async def redrive_dead_letter(letter_id: UUID, request: Request, by: CurrentActor) -> Redriven:
        """Handle it again now, with those of its subject behind it.

        Repeat it freely: nothing takes effect twice.
        """
        state = request.app.state
        done = await dead_letters.redrive(state.db, letter_id, readers, service=service, clock=state.clock)
        log.info("redrive_asked", letter=str(letter_id), actor_id=str(by.id), settled=done.settled, left=done.left)
        return done

    @router.post("/dead-letters/{letter_id}/drop", status_code=204)
    async def drop_dead_letter(letter_id: UUID, body: DropIn, tx: InTx) -> None:
        """Give the event up for this reader: it will never take effect. Those behind it wait for a redrive."""
        await dead_letters.drop(tx, letter_id, body.reason)
        log.info("dead_letter_dropped", letter=str(letter_id), actor_id=str(tx.actor.id), reason=body.reason)

    add_outbox_letters(router, service)

    @router.get("/timers")
    async def list_timers(
        page: Annotated[PageRequest, Depends(TIMERS.params)],
        request: Request,
        db: Reading,
        state: Annotated[TimerState, Query()] = TimerState.open,
    ) -> Page[TimerOut]:
        """Timers by when they are due."""
        params = {"now": request.app.state.clock()} if state is TimerState.late else {}
        return await TIMERS.page(db, page, where=_TIMERS[state], params=params)

    return router
