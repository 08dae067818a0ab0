"""How a document is answered: as a file with a name, and an ETag that is the hash of its bytes."""

from typing import Any

from fastapi import Request
from starlette.responses import Response

from shared.documents.store import Kept
from shared.http import etag


class PdfResponse(Response):
    media_type = "application/pdf"


PDF: dict[int | str, dict[str, Any]] = {
    200: {"description": "The document; its ETag is the hash of its bytes", "content": {"application/pdf": {}}},
    501: {"description": "This installation makes no documents", "content": {"application/problem+json": {}}},
}


def pdf(request: Request, document: Kept, name: str) -> PdfResponse:
    """`name` is made by us of letters, digits and dashes."""
    headers = {"ETag": document.etag}
    if etag.is_among(document.etag, request.headers.get("if-none-match")):
        return PdfResponse(status_code=304, headers=headers)
    return PdfResponse(document.body, headers=headers | {"Content-Disposition": f'inline; filename="{name}"'})
