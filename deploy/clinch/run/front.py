"""What belongs to no service, as a container behind the gateway: the page, the docs, the readiness of all, and for development the
issuer and the sample people it gives tokens to.

The embedded run's `origin` does the same in one process.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from tempfile import gettempdir
from typing import Literal

import httpx
import structlog
import uvicorn
from pydantic import Field
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Mount, Route

from clinch.errors import CommandError
from clinch.run.contracts import contract, contract_routes
from clinch.run.docs_page import page_routes
from clinch.run.issuer import Issuer, issuer_app
from clinch.run.origin import not_found
from clinch.run.seed import seed_people
from clinch.run.services import exit_on_bad_settings
from clinch.run.settings import ISSUER_PATH
from clinch.run.web import Page, Shown
from shared.http.cors import public
from shared.http.problem import answer
from shared.process.logs import configure_logging
from shared.process.settings import LogSettings

PATIENCE = 2.0
"""Seconds that a service has to answer its probe."""
RETRY = 1.0
"""Seconds between two attempts to enter the sample people."""

log = structlog.get_logger()


class FrontSettings(LogSettings):
    env: Literal["development", "test", "production"] = "development"
    services: dict[str, str] = Field(description='Where the services are: {"lead-svc": "http://lead-api:8000", ...}')
    issuer: str = Field(description=f"The exact `iss` of access tokens; the development issuer is here when it ends in {ISSUER_PATH}")
    audience: str = "clinch"
    issuer_key_file: Path = Field(
        default=Path(gettempdir()) / "issuer-key.json",
        description="The development issuer's signing key, made where it is missing; tokens are good as long as it is kept",
    )
    cors_origins: tuple[str, ...] = Field(default=(), description="Frontends of other origins, as in the services")
    host: str = "127.0.0.1"
    port: int = Field(default=8000, ge=0, le=65535)


def front(settings: FrontSettings, transport: httpx.AsyncBaseTransport | None = None) -> Starlette:
    """The app. Raises `CommandError` where it would be the issuer and must not."""
    http = httpx.AsyncClient(transport=transport)

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        async with http:
            entering = asyncio.create_task(_enter_people(settings.services["lead-svc"], issuer, transport)) if issuer else None
            yield
            if entering:
                entering.cancel()
                await asyncio.wait([entering])

    async def alive(_: Request) -> Response:
        return JSONResponse({"status": "alive"})

    async def ready(_: Request) -> Response:
        """All services' answers; 503 if one of them is not 200."""
        answers = await asyncio.gather(*(_ready(http, at) for at in settings.services.values()))
        status = 200 if all(answer == {"status": "ready"} for answer in answers) else 503
        return JSONResponse(dict(zip(settings.services, answers, strict=True)), status)

    async def document(request: Request) -> Response:
        """A service's OpenAPI, for the page: a gateway that cannot rewrite paths leads here."""
        name = request.path_params["service"]
        if name not in settings.services:
            return await not_found(request, HTTPException(404))
        try:
            answered = await http.get(f"{settings.services[name]}/openapi.json", timeout=PATIENCE)
            answered.raise_for_status()
        except httpx.HTTPError:
            return answer(request, status=503, code="unavailable", title="Not available right now", detail=f"{name} does not answer.")
        return contract(request, answered.content)

    probes = [Route("/livez", alive), Route("/readyz", ready)]
    development = settings.issuer.endswith(ISSUER_PATH)
    page = Page(Shown(settings.issuer, development)).routes()
    routes: list[BaseRoute] = [
        *probes,
        *page,
        *page_routes(settings.services),
        *contract_routes(),
        Route("/openapi/{service}.json", document),
    ]
    issuer: Issuer | None = None
    if development:
        app = issuer_app(key_file=settings.issuer_key_file, issuer=settings.issuer, audience=settings.audience, env=settings.env)
        issuer = app.state.issuer
        routes.append(Mount(ISSUER_PATH, app))
    return public(Starlette(routes=routes, lifespan=lifespan, exception_handlers={404: not_found}), settings.cors_origins)


async def _enter_people(lead_svc: str, issuer: Issuer, transport: httpx.AsyncBaseTransport | None) -> None:
    """As soon as lead-svc is there and takes our tokens; each who starts first waits for the other."""
    while True:
        token = issuer.token(role="admin")
        with suppress(httpx.HTTPError, CommandError):
            async with httpx.AsyncClient(transport=transport, base_url=lead_svc, headers={"Authorization": f"Bearer {token}"}) as client:
                log.info("sample_people_entered", new=await seed_people(client))
                return
        await asyncio.sleep(RETRY)


async def _ready(http: httpx.AsyncClient, at: str) -> object:
    try:
        return (await http.get(f"{at}/readyz", timeout=PATIENCE)).json()
    except (httpx.HTTPError, ValueError):
        return {"status": "does not answer"}


def main() -> None:
    with exit_on_bad_settings():
        settings = FrontSettings()
        configure_logging(settings, "front")
        app = front(settings)
    uvicorn.run(app, host=settings.host, port=settings.port, log_config=None, access_log=False, server_header=False)


if __name__ == "__main__":
    main()
