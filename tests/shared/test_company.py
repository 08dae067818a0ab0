"""A database remembers the zone and the currency that it was started with; services start with no others."""

import asyncpg
import pytest

from clinch.run.postgres import Postgres
from shared import migrations
from shared.company import OtherCompany, settle, stored
from shared.process.settings import Settings
from tests.harness import create_tables, fresh_database
from tests.shared.notes_service import metadata, service
from tests.shared.test_processes import Process

UNFINISHED = "INSERT INTO company VALUES (2, 'Asia/Shanghai', 'CNY', now(), 'moving')"


@pytest.fixture
async def url(postgres: Postgres) -> str:
    made = await fresh_database(postgres)
    await create_tables(made, metadata)
    return made


def started(url: str, **given: str) -> Settings:
    return Settings(database_url=url, bus_url=url, issuer="http://issuer.test", **given)


async def test_the_first_start_stores_what_the_settings_say(url: str) -> None:
    first = await settle(started(url, time_zone="Asia/Shanghai", reporting_currency="EUR"))
    assert (first.time_zone, first.reporting_currency) == ("Asia/Shanghai", "EUR")
    later = await settle(started(url))
    assert (later.time_zone, later.reporting_currency) == ("Asia/Shanghai", "EUR"), "what is not given is as stored"


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"time_zone": "UTC"}, r"^CLINCH_TIME_ZONE is UTC, but the data are kept in Asia/Shanghai: .* `clinch rezone --time-zone UTC`\.$"),
        ({"reporting_currency": "USD"}, r"^CLINCH_REPORTING_CURRENCY is USD, .* kept in CNY: .* `clinch rezone --currency USD`\.$"),
    ],
)
async def test_other_settings_are_refused_with_the_way_to_change_them(url: str, given: dict[str, str], says: str) -> None:
    await settle(started(url, time_zone="Asia/Shanghai"))
    with pytest.raises(OtherCompany, match=says):
        await settle(started(url, **given))
    kept = await stored(started(url, **given))
    assert (kept.time_zone, kept.reporting_currency) == ("Asia/Shanghai", "CNY"), "a command that only looks takes what is stored"


async def test_nothing_starts_in_the_middle_of_a_change(url: str) -> None:
    await settle(started(url))
    conn = await asyncpg.connect(url)
    await conn.execute(UNFINISHED)
    await conn.close()
    for settings in (started(url), started(url, time_zone="Asia/Shanghai")):
        with pytest.raises(OtherCompany, match="not finished: run `clinch rezone` again"):
            await settle(settings)


@pytest.mark.parametrize("command", ["api", "worker", "migrate"])
async def test_a_process_with_other_settings_ends_with_one_sentence(url: str, command: str) -> None:
    await settle(started(url, time_zone="Asia/Shanghai"))
    process = await Process.start(command, url, CLINCH_TIME_ZONE="Europe/Berlin")
    code, said = await process.said()
    assert code == 2
    assert said.startswith("note-svc cannot start: CLINCH_TIME_ZONE is Europe/Berlin, but the data are kept in Asia/Shanghai")
    assert said.count("\n") == 1


async def test_a_database_that_was_never_migrated_knows_nothing_yet(postgres: Postgres) -> None:
    url = await fresh_database(postgres)
    assert (await settle(started(url, time_zone="Asia/Shanghai"))).time_zone == "Asia/Shanghai"
    assert await migrations.revision(url) is None
    assert service.name == "note-svc"
