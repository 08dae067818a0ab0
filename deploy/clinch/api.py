"""The API process: four apps and the development issuer under one origin, on the socket that the supervisor hands over."""

import socket
import sys
from collections.abc import Callable

import uvicorn

from clinch.arguments import parse
from clinch.issuer import issuer_app
from clinch.origin import Origin, Served
from clinch.services import exit_on_bad_settings, load
from clinch.settings import ISSUER_PATH, SERVICES, Embedded
from shared import heap
from shared.telemetry import configure_logging

DRAIN_SECONDS = 10  # without a limit an open event stream would hold the shutdown for ever


def build(run: Embedded, on_start: Callable[[], None]) -> Origin:
    settings = run.of_service("bus")
    configure_logging(settings, "api")
    services = [(load(database), run.of_service(database)) for database in SERVICES]
    served = [Served(service.name, service.paths, service.app(its)) for service, its in services]
    if run.issuer != run.development_issuer:
        return Origin(served, {}, on_start)
    issuer = issuer_app(key_file=run.folder.issuer_key, issuer=run.issuer, audience=settings.audience, env=settings.env)
    return Origin(served, {ISSUER_PATH: issuer}, on_start)


def main() -> None:
    arguments = parse(sys.argv[1:])
    with exit_on_bad_settings():
        origin = build(arguments.run, lambda: arguments.say_ready("api"))
    heap.settle()
    config = uvicorn.Config(
        origin, http="httptools", log_config=None, access_log=False, server_header=False, timeout_graceful_shutdown=DRAIN_SECONDS
    )
    uvicorn.Server(config).run(sockets=[socket.socket(fileno=arguments.listen)])


if __name__ == "__main__":
    main()
