"""The processes of one service: `python -m lead_svc api | worker | migrate | topics | revision | openapi`."""

import argparse
import json
import sys

import asyncpg
import uvloop
from pydantic import ValidationError

from shared import migrations
from shared.company import OtherCompany, settle
from shared.log.bus import BusError
from shared.process import heap
from shared.process.admin import admin
from shared.process.drain import serve, stop_on_signals
from shared.process.logs import configure_logging
from shared.process.outage import OUTAGE
from shared.process.service import Service
from shared.process.settings import Settings, one_line
from shared.process.worker import Worker

REFUSED = (
    asyncpg.InvalidAuthorizationSpecificationError,
    asyncpg.InvalidCatalogNameError,
    asyncpg.InsufficientPrivilegeError,
    asyncpg.ClientConfigurationError,
)
"""Waiting does not cure these: wrong password, no such database, no right to it, an address that cannot be read."""


def main(service: Service) -> None:
    parser = argparse.ArgumentParser(prog=f"python -m {service.name.replace('-', '_')}")
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("api", help="serve the HTTP API")
    commands.add_parser("worker", help="publish, consume, fire timers, run imports")
    commands.add_parser("migrate", help="bring the database to the newest revision")
    commands.add_parser("topics", help="create the topics that it publishes to or reads, where they are missing")
    commands.add_parser("openapi", help="print the OpenAPI document")
    revision = commands.add_parser("revision", help="write a migration for what changed in the tables")
    revision.add_argument("message")
    revision.add_argument("--plumbing", action="store_true", help="for the tables that every service has (shared/db/tables.py)")
    args = parser.parse_args()
    try:
        settings = service.settings()
    except ValidationError as error:
        print(f"{service.name} cannot start: {one_line(error)}", file=sys.stderr)
        raise SystemExit(2) from None
    configure_logging(settings, service.name)
    try:
        _run(service, settings, args)
    except OtherCompany as error:
        print(f"{service.name} cannot start: {error}", file=sys.stderr)
        raise SystemExit(2) from None
    except REFUSED as error:
        print(f"{service.name} cannot use its database, see CLINCH_DATABASE_URL: {error}", file=sys.stderr)
        raise SystemExit(2) from None
    except OUTAGE as error:
        print(f"{service.name} cannot reach its database: {str(error) or type(error).__name__}", file=sys.stderr)
        raise SystemExit(1) from None
    except BusError as error:
        print(f"{service.name} cannot create its topics, see CLINCH_BUS_URL: {error}", file=sys.stderr)
        raise SystemExit(1) from None


def _run(service: Service, settings: Settings, args: argparse.Namespace) -> None:
    if args.command == "api":
        uvloop.run(serve_api(service, settings))
    elif args.command == "worker":
        uvloop.run(work(service, settings))
    elif args.command == "migrate":
        print(f"{service.name}: the database is at {uvloop.run(migrate(service, settings))}")
    elif args.command == "topics":
        uvloop.run(service.make_topics(settings))
        print(f"{service.name}: there are {', '.join(service.topics_needed)}")
    elif args.command == "revision":
        uvloop.run(migrations.revise(service.migrations, service.metadata, settings.database_url, args.message, plumbing=args.plumbing))
    else:
        print(json.dumps(service.app(settings).openapi(), indent=2))


async def migrate(service: Service, settings: Settings) -> str | None:
    await (await asyncpg.connect(settings.database_url)).close()  # a refusal in Postgres's own words, not wrapped in SQLAlchemy's
    await service.migrate(settings)
    return await migrations.revision(settings.database_url)


async def serve_api(service: Service, settings: Settings) -> None:
    """The API until SIGTERM or SIGINT. While it drains, the admin port says that it is not ready: no new requests, please."""
    stop = stop_on_signals()
    settings = await settle(settings)
    app = service.app(settings, stop=stop)
    heap.settle()

    async with app.router.lifespan_context(app), admin(settings, {service.name: app.state.obstacle}):
        await serve(app, stop, host=settings.host, port=settings.port, delay=settings.drain_delay_seconds)


async def work(service: Service, settings: Settings) -> None:
    """The worker until SIGTERM or SIGINT."""
    stop = stop_on_signals()
    settings = await settle(settings)
    heap.settle()
    worker = Worker(service, settings)
    async with worker.probe(stop) as obstacle, admin(settings, {service.name: obstacle}):
        await worker.run(stop)
