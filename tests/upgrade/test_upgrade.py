"""A folder of each earlier release that is kept here, brought over by the code under test: killed on the way, and started again."""

import json
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from typing import NamedTuple
from urllib.parse import urlencode

import pytest

from clinch.ops.verify import _verify
from clinch.run.services import load
from clinch.run.settings import SERVICES
from shared import migrations
from shared.events.envelope import decode
from tests.flow.system import System
from tests.upgrade.differences import differences
from tests.upgrade.dump import BEFORE_IT_READS, BEFORE_IT_STAMPS, Dump, told_at


class Upgraded(NamedTuple):
    dump: Dump
    system: System
    broken: int
    """Invariants that do not hold, by `clinch verify --rebuild`, which also waits until figures are this release's."""


@pytest.fixture(scope="module")
async def upgraded(dump: Dump) -> AsyncIterator[Upgraded]:
    await dump.begin()
    await dump.kill("deal", BEFORE_IT_READS)
    for database in (await dump.behind())[-1:]:
        await dump.kill(database, BEFORE_IT_STAMPS)
        assert database in await dump.behind(), "it was killed too late"
    await dump.migrate()
    async with dump.at_work() as system:
        settings = {database: system[load(database).name].settings for database in SERVICES}
        yield Upgraded(dump, system, await _verify(settings, 30, True))


async def test_the_schema_is_that_of_the_code(upgraded: Upgraded) -> None:
    assert await upgraded.dump.behind() == []
    for database, service in [(name, load(name)) for name in SERVICES]:
        await migrations.check(service.migrations, service.metadata, upgraded.dump.server.url(database))


def test_verify_and_a_rebuild_from_the_log_find_nothing(upgraded: Upgraded) -> None:
    assert upgraded.broken == 0


async def test_figures_records_lists_and_timelines_are_as_they_were(upgraded: Upgraded) -> None:
    before, system = upgraded.dump.answered, upgraded.system
    wrong = []
    async with AsyncExitStack() as stack:
        clients = {who: await stack.enter_async_context(system.client(role, who)) for who, role in before["people"].items()}
        for asked, answer in before["answers"].items():
            who, _, path = asked.partition(" ")
            for service in system.services.values():
                service.clock.now = told_at(answer) or upgraded.dump.made_at
            wrong += [f"{asked}: {where}" for where in differences(answer, (await clients[who].get(path)).json())]
    assert not wrong, "\n".join(wrong)


async def test_every_event_of_the_log_and_of_the_feed_is_read(upgraded: Upgraded) -> None:
    log = await upgraded.dump.rows("bus", "SELECT headers, value FROM log")
    for message in log:
        assert decode(json.loads(message["headers"]), message["value"]), message["headers"]
    fed = [row["id"] for row in await upgraded.dump.rows("metrics_before", "SELECT event_id::text AS id FROM feed ORDER BY position")]
    assert len(fed) == len(log)
    read: list[str] = []
    async with upgraded.system.client("admin", "dev-admin") as client:
        after = 0
        while page := (await client.get(f"/v1/events?{urlencode({'after': after, 'limit': 500})}")).json()["items"]:
            read += [item["event"]["id"] for item in page]
            after = page[-1]["position"]
    assert read[: len(fed)] == fed


async def test_a_request_that_was_answered_before_is_answered_the_same_again(upgraded: Upgraded) -> None:
    again = upgraded.dump.answered["again"]
    async with upgraded.system.client("rep", "dev-rep") as client:
        answer = await client.post(again["path"], json=again["body"], headers={"Idempotency-Key": again["key"]})
    assert (answer.status_code, answer.json()) == (201, again["answer"])
