"""The API process: four apps and the development issuer under one origin, on the socket that the supervisor hands over."""

import socket
import sys

import uvicorn

from clinch.issuer import issuer_app
from clinch.origin import Origin, Served
from clinch.services import exit_on_bad_settings, load
from clinch.settings import ISSUER_PATH, SERVICES, Embedded, parse
from shared.telemetry import configure_logging

DRAIN_SECONDS = 10  # without a limit an open event stream would hold the shutdown for ever


def build(run: Embedded) -> Origin:
    served = [Served(s.name, s.prefixes, s.app(run.of_service(database))) for database in SERVICES for s in (load(database),)]
    settings = run.of_service("bus")
    configure_logging(settings, "api")
    if run.issuer != run.development_issuer:
        return Origin(served, {})
    issuer = issuer_app(key_file=run.folder.issuer_key, issuer=run.issuer, audience=settings.audience, env=settings.env)
    return Origin(served, {ISSUER_PATH: issuer})


def main() -> None:
    run, fd = parse(sys.argv[1:])
    with exit_on_bad_settings():
        app = build(run)
    config = uvicorn.Config(
        app, http="httptools", log_config=None, access_log=False, server_header=False, timeout_graceful_shutdown=DRAIN_SECONDS
    )
    uvicorn.Server(config).run(sockets=[socket.socket(fileno=fd)])


if __name__ == "__main__":
    main()
