"""`/v1/<records>/{id}/attachments`: one router per kind of record, the same for all."""

from datetime import datetime
from typing import Annotated, Any
from urllib.parse import quote
from uuid import UUID

from fastapi import APIRouter, Path, Query, Request, Response
from pydantic import BaseModel, Field
from starlette.responses import StreamingResponse

from shared.access.kinds import unmasked
from shared.acts import AllowedAction, shown
from shared.attachments import store, upload
from shared.attachments.declared import Attachments
from shared.attachments.keeping import opened
from shared.attachments.record import Attachment, Held
from shared.attachments.types import MEDIA_TYPES
from shared.auth import CurrentActor
from shared.auth.actor import Actor
from shared.db.database import Database
from shared.errors import Forbidden
from shared.fields import PERSONAL, Name, Text
from shared.http.access_log import logged
from shared.http.answer import Answer
from shared.http.edge import ClinchRoute, InTx, Reading
from shared.http.permit import permitted


class AttachmentOut(Answer):
    """The name and the note are left out for roles that see such records masked. `sha256` is that of the bytes, in hexadecimal digits."""

    id: UUID
    name: Annotated[str | None, PERSONAL]
    note: Annotated[str | None, PERSONAL]
    media_type: str
    size: int = Field(description="In bytes.")
    sha256: str
    by: UUID
    at: datetime
    allowed_actions: list[AllowedAction]


class AttachedOut(AttachmentOut):
    record_version: int = Field(description="The version of the record with the attachment.")


class AttachmentList(BaseModel):
    items: list[AttachmentOut]


class Named(BaseModel):
    name: Annotated[Name, Field(description="The file's name, with its ending.", examples=["offer.pdf"])]
    note: Annotated[Text | None, Field(description="What it is.")] = None
    dry_run: Annotated[bool, Field(description="Look at the file and answer as if done, but keep nothing.")] = False


_FILE = {"requestBody": {"required": True, "content": {kind: {"schema": {"type": "string", "format": "binary"}} for kind in MEDIA_TYPES}}}
_SENT: dict[int | str, dict[str, Any]] = {
    200: {"description": "The file", "content": {kind: {"schema": {"type": "string", "format": "binary"}} for kind in MEDIA_TYPES}}
}


def attachments_router(to: Attachments[Any]) -> APIRouter:
    record, param = to.record, to.column
    router = APIRouter(prefix=f"/v1/{record}s", tags=["attachments"], route_class=ClinchRoute)
    at = f"/{{{param}}}/attachments"
    Id = Annotated[UUID, Path(alias=param)]

    @router.post(
        at,
        name=to.attach.operation,
        status_code=201,
        openapi_extra=_FILE,
        dependencies=[permitted(to.attach)],
        responses={200: {"model": AttachedOut, "description": "The record has this file under this name already."}},
    )
    async def attach(
        record_id: Id, request: Request, response: Response, by: CurrentActor, given: Annotated[Named, Query()]
    ) -> AttachedOut:
        """Attach a file, sent as the body with its Content-Type. The same file under the same name is kept once, so a retry is safe.

        The company's policy says which kinds of files are taken, and how large they may be. A file that is not what its name says, an
        encrypted PDF, and one with scripts, macros or other files in it are refused.
        """
        made, row, is_new = await upload.attach(request, to, record_id, name=given.name, note=given.note, keep=not given.dry_run)
        response.status_code = 201 if is_new else 200
        if is_new:
            response.headers["Location"] = f"/v1/{record}s/{record_id}/attachments/{made.id}"
        return AttachedOut(**_said(to, made, row, by), record_version=row.version)

    @router.get(at, name=f"list_{record}_attachments")
    async def listed(record_id: Id, db: Reading, by: CurrentActor) -> AttachmentList:
        """The files of this record, the latest first. Who sees the record sees them."""
        row = await to.seen.get(db, by, record_id)
        found = await store.of_record(db, to, record_id)
        return AttachmentList(items=[AttachmentOut(**_said(to, one, row, by)) for one in found])

    @router.get(f"{at}/{{attachment_id}}", name=f"get_{record}_attachment", response_class=StreamingResponse, responses=_SENT)
    @logged
    async def sent(record_id: Id, attachment_id: UUID, request: Request, by: CurrentActor) -> StreamingResponse:
        """The file itself, to be saved and never shown by the browser. Roles that see such records masked do not get it."""
        db: Database = request.app.state.db
        async with db.read() as reading:
            await to.seen.get(reading, by, record_id)
            found = await store.find(reading, to, record_id, attachment_id)
        if not unmasked(to.kind, by):
            raise Forbidden("The file may tell what your role sees masked.", code="masked")
        pieces = await opened(db, request.app.state.bucket, to, found)
        return StreamingResponse(pieces, media_type=found.media_type, headers=_headers(found))

    @router.delete(f"{at}/{{attachment_id}}", name=to.remove.operation)
    async def removed(record_id: Id, attachment_id: UUID, tx: InTx, by: CurrentActor) -> AttachmentOut:
        """Remove a file; its bytes are erased. A file never changes, so no If-Match is asked for."""
        found, row = await upload.remove(tx, to, record_id, attachment_id)
        return AttachmentOut(**_said(to, found, row, by))

    return router


def _said(to: Attachments[Any], one: Attachment, row: Any, by: Actor) -> dict[str, Any]:
    said = {name: getattr(one, name) for name in ("id", "name", "note", "media_type", "size", "sha256", "by", "at")}
    if not unmasked(to.kind, by):
        said |= {"name": None, "note": None}
    return said | {"allowed_actions": shown([to.remove], Held(one, to.owner(row)), by)}


def _headers(found: Attachment) -> dict[str, str]:
    """RFC 6266: the name in ASCII for old clients, and as it is; never a line break or a quote of its own.

    That the browser must not guess another type is said in each answer of the service.
    """
    ascii_name = "".join(c if c.isascii() and (c.isalnum() or c in "-_. ") else "_" for c in found.name)
    return {
        "Content-Disposition": f"attachment; filename=\"{ascii_name}\"; filename*=UTF-8''{quote(found.name, safe='')}",
        "Content-Length": str(found.size),
        "Content-Security-Policy": "sandbox; default-src 'none'",
    }
