"""The processes of one service: `python -m lead_svc api | worker | migrate | revision | openapi`."""

import argparse
import asyncio
import json
import sys
from typing import TYPE_CHECKING

import uvicorn
from prometheus_client import start_http_server
from pydantic import ValidationError

from shared import migrations
from shared.settings import Settings, one_line
from shared.telemetry import configure_logging

if TYPE_CHECKING:
    from shared.service import Service


def main(service: "Service") -> None:
    parser = argparse.ArgumentParser(prog=f"python -m {service.name.replace('-', '_')}")
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("api", help="serve the HTTP API")
    commands.add_parser("worker", help="publish, consume, fire timers, run imports")
    commands.add_parser("migrate", help="bring the database to the newest revision")
    commands.add_parser("openapi", help="print the OpenAPI document")
    revision = commands.add_parser("revision", help="write a migration for what changed in the tables")
    revision.add_argument("message")
    args = parser.parse_args()
    try:
        settings = Settings()
    except ValidationError as error:
        print(f"{service.name} cannot start: {one_line(error)}", file=sys.stderr)
        raise SystemExit(2) from None
    configure_logging(settings, service.name)
    if args.command == "api":
        serve_api(service, settings)
    elif args.command == "worker":
        asyncio.run(work(service, settings))
    elif args.command == "migrate":
        asyncio.run(service.migrate(settings))
        print(f"{service.name}: the database is at {migrations.head(service.migrations)}")
    elif args.command == "revision":
        asyncio.run(migrations.revise(service.migrations, service.metadata, settings.database_url, args.message))
    else:
        print(json.dumps(service.app(settings).openapi(), indent=2))


def serve_api(service: "Service", settings: Settings) -> None:
    if settings.admin_port:
        start_http_server(settings.admin_port, addr=settings.host)
    uvicorn.run(
        service.app(settings),
        host=settings.host,
        port=settings.port,
        log_config=None,
        access_log=False,
        server_header=False,
        # An open event stream would hold the shutdown for ever without it.
        timeout_graceful_shutdown=10,
    )


async def work(service: "Service", settings: Settings) -> None:
    from shared.service import stop_on_signals

    if settings.admin_port:
        start_http_server(settings.admin_port, addr=settings.host)
    await service.work(settings, stop_on_signals())
