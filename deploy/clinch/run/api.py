"""The API process: four apps and the development issuer under one origin, on the socket that the supervisor hands over."""

import asyncio
import socket
import sys

import uvloop

from clinch.run.arguments import Arguments, parse
from clinch.run.clock import clock_of
from clinch.run.issuer import issuer_app
from clinch.run.origin import Origin, Served
from clinch.run.services import exit_on_bad_settings, with_settings
from clinch.run.settings import ISSUER_PATH, Embedded
from clinch.run.web import Page, Shown
from shared.clock import utcnow
from shared.process import heap
from shared.process.admin import admin
from shared.process.drain import serve, stop_on_signals
from shared.process.logs import configure_logging
from shared.process.settings import Settings


async def build(run: Embedded, settings: Settings, stop: asyncio.Event) -> Origin:
    services = await with_settings(run)
    clock = clock_of(run.folder, settings.env)
    own = run.issuer == run.development_issuer
    issuer_clock = clock if own else utcnow
    served = [Served(service.name, service.paths, service.app(its, clock, stop, issuer_clock)) for service, its in services]
    page = Page(Shown(run.issuer, development=own)).routes()
    if not own:
        return Origin(served, {}, settings.cors_origins, page)
    issuer = issuer_app(key_file=run.folder.issuer_key, issuer=run.issuer, audience=settings.audience, env=settings.env, clock=clock)
    return Origin(served, {ISSUER_PATH: issuer}, settings.cors_origins, page)


async def serve_all(arguments: Arguments) -> None:
    """Until told to stop. Nobody has to notice first: the socket stays open in the supervisor, and clients wait in its queue."""
    stop = stop_on_signals()
    with exit_on_bad_settings():
        settings = arguments.run.of_process("api")
        configure_logging(settings, "api")
        origin = await build(arguments.run, settings, stop)
    heap.settle()
    async with origin.running(), admin(settings, origin.obstacles):
        arguments.say_ready("api")
        await serve(origin, stop, listener=socket.socket(fileno=arguments.listen))


def main() -> None:
    uvloop.run(serve_all(parse(sys.argv[1:])))


if __name__ == "__main__":
    main()
