"""The worker process: relay, consumers, timers and import jobs of all four services."""

import asyncio
import sys
from collections.abc import Callable, Mapping
from contextlib import AsyncExitStack

import structlog
import uvloop

from clinch.run.arguments import Arguments, parse
from clinch.run.clock import clock_of
from clinch.run.services import exit_on_bad_settings, with_settings
from shared.process import heap
from shared.process.admin import admin
from shared.process.drain import stop_on_signals
from shared.process.logs import configure_logging
from shared.process.outage import pause
from shared.process.settings import Settings
from shared.process.worker import Worker

log = structlog.get_logger()
LONGEST_WAIT = 30.0  # seconds
CONNECTIONS = 6
"""To each database, where CLINCH_POOL_SIZE says nothing. Every reader and job opens one at the start, and each takes 3 MB of Postgres:
ten are more than one process keeps busy."""


async def work(name: str, worker: Worker, stop: asyncio.Event) -> None:
    """A service whose work fails begins again after a pause, and does not take the other three with it."""
    wait = 0.5
    while not stop.is_set():
        try:
            await worker.run(stop)
        except Exception:
            log.exception("work_failed", of=name, again_in_seconds=wait)
            await pause(wait, stop)
            wait = min(wait * 2, LONGEST_WAIT)


async def work_all(workers: Mapping[str, Worker], its: Settings, on_start: Callable[[], None]) -> None:
    stop = stop_on_signals()
    on_start()
    async with AsyncExitStack() as stack:
        if its.admin_port:
            probes = {name: await stack.enter_async_context(worker.probe(stop)) for name, worker in workers.items()}
            await stack.enter_async_context(admin(its, probes))
        async with asyncio.TaskGroup() as group:
            for name, worker in workers.items():
                group.create_task(work(name, worker, stop), name=name)


def with_few_connections(settings: Settings) -> Settings:
    return settings if "pool_size" in settings.model_fields_set else settings.model_copy(update={"pool_size": CONNECTIONS})


async def run(arguments: Arguments) -> None:
    with exit_on_bad_settings():
        its = arguments.run.of_process("worker")
        configure_logging(its, "worker")
        services = [(service, with_few_connections(settings)) for service, settings in await with_settings(arguments.run)]
        clock = clock_of(arguments.run.folder, its.env)
    workers = {service.name: Worker(service, settings, clock) for service, settings in services}
    heap.settle()
    await work_all(workers, its, lambda: arguments.say_ready("worker"))


def main() -> None:
    uvloop.run(run(parse(sys.argv[1:])))


if __name__ == "__main__":
    main()
