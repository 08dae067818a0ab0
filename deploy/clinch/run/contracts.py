"""The contracts of the system, served where it runs: the schemas of all events, the AsyncAPI document, and the OpenAPI of each service.

    /schemas/clinch.deal.won.v1.json     what `dataschema` of an event names
    /asyncapi/asyncapi.json              all events with their channels; it refers to the schemas beside it
    /openapi/deal-svc.json

They need no token, and caches may keep them: a schema's name has the version of its event, which is only ever added to.
"""

import hashlib
from pathlib import Path

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from shared.http.etag import is_among

DOCS = next((at / "docs" for at in Path(__file__).resolve().parents if (at / "docs/schemas").is_dir()), None)
"""As `make docs` wrote them: in the project, and in the image of the front."""

_KEPT = "public, max-age=3600"


def contract_routes(docs: Path | None = DOCS) -> list[Route]:
    """The schemas and the AsyncAPI document. Where the project's docs are not installed, they are 404."""
    found = {f"{name}.json": docs / f"schemas/{name}.json" for name in sorted(p.stem for p in docs.glob("schemas/*.json"))} if docs else {}

    async def schema(request: Request) -> Response:
        file = found.get(request.path_params["name"])
        if file is None:
            raise HTTPException(404)
        return contract(request, file.read_bytes(), "application/schema+json")

    async def asyncapi(request: Request) -> Response:
        if docs is None:
            raise HTTPException(404)
        return contract(request, (docs / "asyncapi/asyncapi.json").read_bytes())

    return [Route("/schemas/{name}", schema), Route("/asyncapi/asyncapi.json", asyncapi)]


def contract(request: Request, body: bytes, media_type: str = "application/json") -> Response:
    """A document that caches may keep for an hour and then ask for again by its ETag."""
    tag = f'"{hashlib.blake2s(body, digest_size=8).hexdigest()}"'
    headers = {"ETag": tag, "Cache-Control": _KEPT}
    if is_among(tag, request.headers.get("if-none-match")):
        return Response(status_code=304, headers=headers)
    return Response(body, media_type=media_type, headers=headers)
