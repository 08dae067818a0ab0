"""A folder of each earlier release that is kept here, brought over by the code under test: killed on the way, and started again."""

import json
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from clinch.ops.verify import _verify
from clinch.run.postgres import Postgres
from clinch.run.services import load
from clinch.run.settings import SERVICES
from shared import migrations
from shared.events.envelope import decode
from tests.compatibility.upgrade.differences import (
    ACCOUNTS,
    ANSWERED_OTHERWISE,
    SHOWN_LESS,
    TIERS_UNTOLD,
    counted_otherwise,
    differences,
    still_shown,
    told_once_more,
)
from tests.compatibility.upgrade.dump import BEFORE_IT_READS, BEFORE_IT_STAMPS, Dump, told_at
from tests.compatibility.upgrade.make_dump import DUMPS
from tests.flow.system import System


@pytest.mark.parametrize("kept", sorted(DUMPS.iterdir()), ids=lambda kept: kept.name)
async def test_a_folder_of_an_earlier_release_comes_over(kept: Path, postgres: Postgres) -> None:
    """In one test: to bring a folder over takes seconds, and all that follows looks at the same one."""
    dump = Dump(kept, postgres)
    dump.restore()
    await dump.begin()
    try:
        await brought_over(dump)
        async with dump.at_work() as system:
            await verify_and_a_rebuild_from_the_log_find_nothing(system)
            await the_schema_is_that_of_the_code(dump)
            await figures_records_lists_and_timelines_are_as_they_were(dump, system)
            await every_event_of_the_log_and_of_the_feed_is_read(dump, system)
            await a_request_that_was_answered_before_is_answered_the_same_again(dump, system)
    finally:
        await dump.forget()


async def brought_over(dump: Dump) -> None:
    """Killed between two services, and within the last that has a new revision."""
    await dump.kill("deal", BEFORE_IT_READS)
    for database in (await dump.behind())[-1:]:
        await dump.kill(database, BEFORE_IT_STAMPS)
        assert database in await dump.behind(), "it was killed too late"
    await dump.migrate()
    assert await dump.behind() == []


async def verify_and_a_rebuild_from_the_log_find_nothing(system: System) -> None:
    """It first waits until the figures are those of this release."""
    assert await _verify({database: system[load(database).name].settings for database in SERVICES}, 60, True) == 0


async def the_schema_is_that_of_the_code(dump: Dump) -> None:
    """Also of the tables that were made anew for this release's figures."""
    for database, service in [(name, load(name)) for name in SERVICES]:
        await migrations.check(service.migrations, service.metadata, dump.server.url(database))


async def figures_records_lists_and_timelines_are_as_they_were(dump: Dump, system: System) -> None:
    before, wrong = dump.answered, []
    async with AsyncExitStack() as stack:
        clients = {who: await stack.enter_async_context(system.client(role, who)) for who, role in before["people"].items()}
        for asked, answer in before["answers"].items():
            if ANSWERED_OTHERWISE.match(asked):
                continue
            who, _, path = asked.partition(" ")
            for service in system.services.values():
                service.clock.now = told_at(answer) or dump.made_at
            now = (await clients[who].get(path)).json()
            expected = told_once_more(answer) if dump.kept.name in TIERS_UNTOLD and ACCOUNTS.match(asked) else answer
            expected = still_shown(expected, now) if SHOWN_LESS.match(asked) else expected
            wrong += [f"{asked}: {where}" for where in differences(*counted_otherwise(asked, expected, now))]
    assert not wrong, "\n".join(wrong)


async def every_event_of_the_log_and_of_the_feed_is_read(dump: Dump, system: System) -> None:
    log = await dump.rows("bus", "SELECT headers, value FROM log")
    for message in log:
        assert decode(json.loads(message["headers"]), message["value"]), message["headers"]
    fed = [row["id"] for row in await dump.rows("metrics_before", "SELECT event_id::text AS id FROM feed ORDER BY position")]
    assert len(log) >= len(fed)  # services tell of the documents of policy that they begin with
    read: list[str] = []
    async with system.client("admin", "dev-admin") as client:
        after = 0
        while page := (await client.get(f"/v1/events?after={after}&limit=500")).json()["items"]:
            read += [item["event"]["id"] for item in page]
            after = page[-1]["position"]
    assert read[: len(fed)] == fed
    assert len(read) == len(log)


async def a_request_that_was_answered_before_is_answered_the_same_again(dump: Dump, system: System) -> None:
    again = dump.answered["again"]
    async with system.client("rep", "dev-rep") as client:
        answer = await client.post(again["path"], json=again["body"], headers={"Idempotency-Key": again["key"]})
    assert (answer.status_code, answer.json()) == (201, again["answer"])
