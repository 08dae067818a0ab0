"""`clinch events`, as it is typed, against a service on a port."""

import asyncio
import json
import sys
from asyncio.subprocess import PIPE, Process

from tests.harness import Running
from tests.metrics.streams import listening
from tests.metrics.test_feed import HISTORY, append


async def clinch_events(base: str, *arguments: str) -> Process:
    command = ("-P", "-m", "clinch.main", "events", "--url", base, "--token", "admin:", *arguments)
    return await asyncio.create_subprocess_exec(sys.executable, *command, stdout=PIPE, stderr=PIPE)


async def test_it_shows_the_last_events_and_follows_those_to_come(svc: Running) -> None:
    async with listening(svc) as base:
        await append(svc, HISTORY[:4])
        shown = await (await clinch_events(base, "-n", "2")).communicate()
        assert [line.split()[1:] for line in shown[0].decode().splitlines()] == [
            [e.type.removeprefix("clinch.").removesuffix(".v1"), str(e.subject), f"v{e.version}"] for e in HISTORY[2:4]
        ]
        following = await clinch_events(base, "-n", "1", "--follow", "--json", "--types", "clinch.deal.*")
        assert following.stdout
        try:
            came = [json.loads(await asyncio.wait_for(following.stdout.readline(), 60))]
            await append(svc, HISTORY[4:])
            came += [json.loads(await asyncio.wait_for(following.stdout.readline(), 60)) for _ in HISTORY[4:]]
        finally:
            following.kill()
            await following.wait()
        assert [event["id"] for event in came] == [str(e.id) for e in HISTORY[3:]]


async def test_what_it_cannot_do_is_one_sentence(svc: Running) -> None:
    async with listening(svc) as base:
        misspelt = await clinch_events(base, "--types", "clinch.deal.wun.v1")
        _, said = await misspelt.communicate()
        assert (misspelt.returncode, said.decode().count("\n")) == (2, 1)
        assert "clinch.deal.won.v1" in said.decode()
    gone = await clinch_events(base)
    _, said = await gone.communicate()
    assert (gone.returncode, said.decode().count("\n")) == (1, 1)
