"""Operations on events that cannot get into the log: list them, publish them again, give them up."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

import structlog
from fastapi import APIRouter, Depends, Query, Request
from pydantic import BaseModel, Field

from shared.auth import CurrentActor
from shared.db.context import Context
from shared.db.tables import OUTBOX_LETTER
from shared.http.edge import InTx, Reading
from shared.http.listing import Listing, Page, PageRequest
from shared.http.operators import DropIn, LetterState, RedrivenOut, by_state
from shared.log import outbox_letters
from shared.log.outbox_letters import Redriven
from shared.process.telemetry import trace_id

log = structlog.get_logger()


class OutboxLetterOut(BaseModel):
    """An event that cannot get into the log, or that waits behind such a one of the same subject."""

    id: UUID
    event_id: UUID
    type: str = Field(description="The event's type; empty where the event itself is missing.")
    aggregate: str
    subject: UUID = Field(description="The record that the event is about.")
    version: int
    error: str = Field(description="Why it cannot be published.")
    attempts: int = Field(description="How often publishing it failed; 0 for one that waits behind another.")
    parked_at: datetime
    redrive_at: datetime | None = Field(description="Since when it should be published again; null when nobody asked.")
    settled_at: datetime | None
    outcome: str | None = Field(description="`redriven`, or `dropped: <reason>`.")


class AskedOut(BaseModel):
    asked: int = Field(description="Letters that will be published again now.")


OUTBOX_LETTERS = Listing(
    OUTBOX_LETTER,
    OutboxLetterOut,
    filters={"aggregate": OUTBOX_LETTER.c.aggregate, "subject": OUTBOX_LETTER.c.subject},
    sorts=("id",),
    default="id",
)
_LETTERS = by_state(OUTBOX_LETTER)


def add_outbox_letters(router: APIRouter, service: str) -> None:
    """Add the routes to the operations of one service."""

    @router.get("/outbox-letters")
    async def list_outbox_letters(
        page: Annotated[PageRequest, Depends(OUTBOX_LETTERS.params)],
        db: Reading,
        state: Annotated[LetterState, Query()] = LetterState.open,
    ) -> Page[OutboxLetterOut]:
        """Events that cannot get into the log, oldest first.

        Later events of the same subject wait behind each.
        """
        return await OUTBOX_LETTERS.page(db, page, where=_LETTERS[state])

    @router.post("/outbox-letters/redrive")
    async def redrive_all_outbox_letters(tx: InTx) -> AskedOut:
        """Publish all open letters again, for a cause that met many, such as a topic without permission.

        The worker does it soon.
        """
        asked = await outbox_letters.redrive_all(tx)
        log.info("outbox_redrive_asked", letters=asked, actor_id=str(tx.actor.id))
        return AskedOut(asked=asked)

    @router.post("/outbox-letters/{letter_id}/redrive", response_model=RedrivenOut)
    async def redrive_outbox_letter(letter_id: UUID, request: Request, by: CurrentActor) -> Redriven:
        """Publish it again, with all letters of its subject, in order.

        Repeat it freely: readers know an event that comes twice.

        The worker does it. When it needs longer than 5 seconds, the answer counts what is left, and the worker continues.
        """
        state = request.app.state
        context = Context(service, by, state.clock(), trace_id(request.scope))
        done = await outbox_letters.redrive(state.db, context, letter_id)
        log.info("outbox_redrive_asked", letter=str(letter_id), actor_id=str(by.id), settled=done.settled, left=done.left)
        return done

    @router.post("/outbox-letters/{letter_id}/drop", status_code=204)
    async def drop_outbox_letter(letter_id: UUID, body: DropIn, tx: InTx) -> None:
        """Give the event up: no reader ever gets it.

        Its readers park the next event of the subject, which has a gap before it.
        """
        await outbox_letters.drop(tx, letter_id, body.reason)
        log.info("outbox_letter_dropped", letter=str(letter_id), actor_id=str(tx.actor.id), reason=body.reason)
