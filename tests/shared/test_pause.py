"""Waiting that can be woken, and ended."""

import asyncio

import pytest

from shared.process.outage import pause


@pytest.mark.parametrize("steps", range(8))
@pytest.mark.parametrize("seconds", [0.0, 60.0])
async def test_whoever_pauses_can_be_ended_in_each_of_its_steps(steps: int, seconds: float) -> None:
    """Also while it tidies up behind itself: a cancellation that was taken is not lost."""
    pausing = asyncio.create_task(pause(seconds, asyncio.Event()))
    for _ in range(steps):
        await asyncio.sleep(0)
    if pausing.cancel():
        with pytest.raises(asyncio.CancelledError):
            await pausing
    else:
        await pausing


async def test_it_ends_with_the_first_of_its_events_or_by_itself() -> None:
    others, one, other = asyncio.all_tasks(), asyncio.Event(), asyncio.Event()
    pausing = asyncio.create_task(pause(60, one, other))
    await asyncio.sleep(0)
    other.set()
    async with asyncio.timeout(30):
        await pausing
        await pause(60, one, other)  # is set already
        await pause(0.01, one)
    assert asyncio.all_tasks() <= others, "nothing waits on"
