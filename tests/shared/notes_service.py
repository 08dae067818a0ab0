"""A service as small as one can be, for the tests of the platform: notes with a text."""

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter
from pydantic import BaseModel, Field
from sqlalchemy import BigInteger, Column, Table, Text, Uuid

from shared.auth import CurrentActor
from shared.db.query import Aggregate
from shared.db.tables import At, service_metadata
from shared.db.tx import Tx
from shared.errors import NotYet, Rejected, Unmet
from shared.events.envelope import Event
from shared.http.edge import ClinchRoute, IfMatch, InTx, KeyRequired, Reading
from shared.ids import new_id
from shared.policy.document import Document, Policy, value
from shared.process.service import Service

metadata = service_metadata()


class NoteEvent(Event):
    publisher = "note-svc"


class NoteWritten(NoteEvent, type="note.written"):
    text: str


class NoteEdited(NoteEvent, type="note.edited"):
    text: str


@dataclass(frozen=True, slots=True)
class Note:
    id: UUID
    version: int
    text: str
    updated_at: datetime


NOTE = Table(
    "note",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("version", BigInteger, nullable=False),
    Column("text", Text, nullable=False),
    Column("updated_at", At, nullable=False),
)


class NotePolicy(Document):
    """How notes may be written."""

    longest: int = value(100, "Longest note", "最长便签", "Letters of a note at most.", ge=1, le=1000)
    words: tuple[str, ...] = value(("plain",), "Words", "词语", "Words that a note may have.")


NOTE_POLICY = Policy("note-svc", NotePolicy)
NOTES = Aggregate(NOTE, Note, "note")


class NoteIn(BaseModel):
    text: Annotated[str, Field(min_length=1, max_length=100)]


class NoteOut(BaseModel):
    id: UUID
    version: int
    text: str


router = APIRouter(prefix="/v1/notes", route_class=ClinchRoute)


async def _write(tx: Tx, text: str) -> Note:
    return await tx.add(NOTES, Note(new_id(), 0, text, tx.now), NoteWritten(text=text))


@router.post("", response_model=NoteOut, status_code=201)
async def write_note(body: NoteIn, tx: InTx) -> Note:
    return await _write(tx, body.text)


@router.post("/paid", response_model=NoteOut, status_code=201, dependencies=[KeyRequired])
async def write_paid_note(body: NoteIn, tx: InTx) -> Note:
    return await _write(tx, body.text)


@router.get("/{note_id}", response_model=NoteOut)
async def read_note(note_id: UUID, db: Reading, _: CurrentActor) -> Note:
    return await db.get(NOTES, note_id)


@router.patch("/{note_id}", response_model=NoteOut)
async def edit_note(note_id: UUID, body: NoteIn, tx: InTx, expect: IfMatch) -> Note:
    note = await tx.load(NOTES, note_id, expect)
    if body.text == "forbidden":
        raise Rejected("This text is not allowed.", code="bad_text", unmet=[Unmet("other_text", "Write something else.")])
    if body.text == "early":
        raise NotYet("The ink is not dry.", code="wet")
    if body.text == "crash":
        raise RuntimeError("secret detail")
    return await tx.save(NOTES, note, NoteEdited(text=body.text), text=body.text)


service = Service(
    name="note-svc",
    prefixes=["/v1/notes"],
    metadata=metadata,
    migrations=Path(__file__).parent,
    routers=[router],
    policies=[NOTE_POLICY],
)
