"""What belongs to no service, as a container behind the gateway: the docs page, the readiness of all, the development issuer.

The embedded run's `origin` does the same in one process.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from tempfile import gettempdir
from typing import Literal

import httpx
import uvicorn
from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Mount, Route

from clinch.docs_page import page_routes
from clinch.issuer import issuer_app
from clinch.origin import not_found
from clinch.services import exit_on_bad_settings
from clinch.settings import ISSUER_PATH

PATIENCE = 2.0
"""Seconds that a service has to answer its probe."""


class FrontSettings(BaseSettings):
    model_config = SettingsConfigDict(env_prefix="CLINCH_", frozen=True, extra="ignore")

    env: Literal["development", "test", "production"] = "development"
    services: dict[str, str] = Field(description='Where the services are: {"lead-svc": "http://lead-api:8000", ...}')
    issuer: str = Field(description=f"The exact `iss` of access tokens; the development issuer is here when it ends in {ISSUER_PATH}")
    audience: str = "clinch"
    host: str = "127.0.0.1"
    port: int = Field(default=8000, ge=0, le=65535)


def front(settings: FrontSettings, http: httpx.AsyncClient, key_file: Path) -> Starlette:
    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        async with http:
            yield

    async def alive(_: Request) -> Response:
        return JSONResponse({"status": "alive"})

    async def ready(_: Request) -> Response:
        """All services' answers; 503 if one of them is not 200."""
        answers = dict(zip(settings.services, await asyncio.gather(*(_ready(http, at) for at in settings.services.values())), strict=True))
        return JSONResponse(answers, 200 if all(answer == {"status": "ready"} for answer in answers.values()) else 503)

    routes = [Route("/livez", alive), Route("/readyz", ready), *page_routes(settings.services)]
    if settings.issuer.endswith(ISSUER_PATH):
        issuer = issuer_app(key_file=key_file, issuer=settings.issuer, audience=settings.audience, env=settings.env)
        routes.append(Mount(ISSUER_PATH, issuer))
    return Starlette(routes=routes, lifespan=lifespan, exception_handlers={404: not_found})


async def _ready(http: httpx.AsyncClient, at: str) -> object:
    try:
        return (await http.get(f"{at}/readyz", timeout=PATIENCE)).json()
    except (httpx.HTTPError, ValueError):
        return {"status": "does not answer"}


def main() -> None:
    with exit_on_bad_settings():
        settings = FrontSettings()
        # The key lives as long as the container: after a restart, get a new token.
        app = front(settings, httpx.AsyncClient(), Path(gettempdir()) / "issuer-key.json")
    uvicorn.run(app, host=settings.host, port=settings.port, log_config=None, access_log=False, server_header=False)


if __name__ == "__main__":
    main()
