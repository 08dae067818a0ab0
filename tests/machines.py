"""State machines of hypothesis against a running service."""

import asyncio
from collections.abc import Callable, Iterator, Sequence
from contextlib import AsyncExitStack, contextmanager
from typing import Any

from hypothesis import settings
from hypothesis.stateful import run_state_machine_as_test

from clinch.run.postgres import Postgres
from shared.process.service import Service
from tests.harness import Running, running


@contextmanager
def driven(service: Service, postgres: Postgres) -> Iterator[tuple[Running, asyncio.AbstractEventLoop]]:
    """A service, and the loop by which the steps of a machine, which are no coroutines, do something with it."""
    with driven_together([service], postgres) as ((svc,), loop):
        yield svc, loop


@contextmanager
def driven_together(services: Sequence[Service], postgres: Postgres) -> Iterator[tuple[list[Running], asyncio.AbstractEventLoop]]:
    """The same of several services."""
    loop = asyncio.new_event_loop()
    stack = AsyncExitStack()
    try:
        yield [loop.run_until_complete(stack.enter_async_context(running(service, postgres))) for service in services], loop
    finally:
        loop.run_until_complete(stack.aclose())
        loop.close()


def hold(machine: Callable[[], Any], *, examples: int, steps: int) -> None:
    """Play the machine so often, with so many steps each."""
    played: Any = machine  # its type says that only a class makes one
    run_state_machine_as_test(played, settings=settings(max_examples=examples, stateful_step_count=steps, deadline=None))
