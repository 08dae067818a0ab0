"""The worker process: relay, consumers, timers and import jobs of all four services."""

import asyncio
import sys
from collections.abc import Callable, Sequence
from contextlib import suppress

import structlog
import uvloop

from clinch.arguments import parse
from clinch.services import exit_on_bad_settings, load
from clinch.settings import SERVICES
from shared import heap
from shared.drain import stop_on_signals
from shared.logs import configure_logging
from shared.service import Service
from shared.settings import Settings

log = structlog.get_logger()
LONGEST_PAUSE = 30.0  # seconds


async def work(service: Service, settings: Settings, stop: asyncio.Event) -> None:
    """A service whose work fails begins again after a pause, and does not take the other three with it."""
    pause = 0.5
    while not stop.is_set():
        try:
            await service.work(settings, stop)
        except Exception:
            log.exception("work_failed", of=service.name, again_in_seconds=pause)
            with suppress(TimeoutError):
                await asyncio.wait_for(stop.wait(), pause)
            pause = min(pause * 2, LONGEST_PAUSE)


async def work_all(jobs: Sequence[tuple[Service, Settings]], on_start: Callable[[], None]) -> None:
    stop = stop_on_signals()
    on_start()
    async with asyncio.TaskGroup() as group:
        for service, settings in jobs:
            group.create_task(work(service, settings, stop), name=service.name)


def main() -> None:
    arguments = parse(sys.argv[1:])
    run = arguments.run
    with exit_on_bad_settings():
        configure_logging(run.of_service("bus"), "worker")
        jobs = [(load(database), run.of_service(database)) for database in SERVICES]
    heap.settle()
    uvloop.run(work_all(jobs, lambda: arguments.say_ready("worker")))


if __name__ == "__main__":
    main()
