"""What `allowed_actions` says of versions of a document is what the routes do, and whatever people try leaves it in order."""

import asyncio
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from clinch.run.postgres import Postgres
from shared.auth import Role
from shared.db.query import Query
from shared.events.envelope import Envelope, Event
from shared.events.policy import PolicyActivated
from shared.policy.record import VERSIONS, Version
from shared.policy.rules import POLICY_ACTS
from tests.acts import Acts
from tests.client import Client
from tests.harness import Running, running
from tests.shared.notes_service import service as notes_svc
from tests.shared.policy_desk import PATH, SIMULATED

WHOS = tuple(role.value for role in Role if role is not Role.system)
_ROWS = Query(VERSIONS.table.select().order_by(VERSIONS.table.c.number), Version)


async def test_what_is_listed_as_allowed_is_accepted_and_what_is_not_is_refused(postgres: Postgres) -> None:
    async with running(replace(notes_svc, policies=[SIMULATED]), postgres) as svc:
        client = Client(svc)
        for who, steps in (
            ("sales_ops", ()),
            ("director", ()),
            ("sales_ops", ("approve", "activate")),
            ("sales_ops", ("approve", "activate")),
            ("sales_ops", ("approve",)),
            ("sales_ops", ("withdraw",)),
            ("sales_ops", ()),
        ):
            author = "sales_ops+director:dee" if who == "director" else who
            made = await client.raw(author, "POST", f"{PATH}/versions", {"document": {"longest": 10 + len(await rows(svc))}})
            number = made.json()["number"]
            for step in steps:
                done = await client.raw(
                    "director", "POST", f"{PATH}/versions/{number}/{step}", {"reason": "No"} if step == "withdraw" else {}, etag="*"
                )
                assert done.is_success, done.text
        await client.raw("director", "POST", f"{PATH}/versions/6/activate", {"from": "2026-04-01"}, etag="*")
        acts = Acts(client, POLICY_ACTS)
        for row in await rows(svc):

            async def read(who: str, number: int = row.number) -> Any:
                return (await client.raw(who, "GET", f"{PATH}/versions/{number}")).json()

            await acts.hold(row, (*WHOS, "director:dee"), read)
        acts.complete()


async def rows(svc: Running) -> list[Version]:
    async with svc.db.read() as db:
        return await db.all(_ROWS)


_STEPS = st.lists(
    st.tuples(
        st.sampled_from(["draft", "change", "approve", "activate", "later", "withdraw", "wait"]),
        st.integers(1, 5),
        st.integers(1, 40),
        st.sampled_from(["admin", "director", "sales_ops", "sales_ops+director"]),
    ),
    max_size=14,
)


@pytest.fixture(scope="module")
def loop() -> Iterator[asyncio.AbstractEventLoop]:
    made = asyncio.new_event_loop()
    yield made
    made.close()


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=_STEPS)
def test_whatever_people_try_one_version_is_active_and_the_events_tell_it(
    steps: list[tuple[str, int, int, str]], postgres: Postgres, loop: asyncio.AbstractEventLoop
) -> None:
    loop.run_until_complete(_try(steps, postgres))


async def _try(steps: list[tuple[str, int, int, str]], postgres: Postgres) -> None:
    async with running(notes_svc, postgres) as svc:
        client = Client(svc)
        for step, number, amount, who in steps:
            await _step(svc, client, step, number, amount, who)
        found = await rows(svc)
        told = await svc.told()
        assert [row.number for row in found] == list(range(1, len(found) + 1))
        assert [row.state for row in found].count("active") == (1 if found else 0)
        assert len([row for row in found if row.state == "approved" and row.active_from]) <= 1
        assert [e.version for e in told] == list(range(1, len(told) + 1))
        _activations_follow_each_other(told, found)


def _activations_follow_each_other(told: list[Envelope[Event]], found: list[Version]) -> None:
    active = [e.data for e in told if isinstance(e.data, PolicyActivated)]
    assert [one.replaces for one in active] == [None, *[one.version for one in active[:-1]]][: len(active)]
    assert [row.number for row in found if row.state == "active"] == [one.version for one in active[-1:]]
    for row in found:
        if row.approved_by:
            assert row.approved_by != row.author_id
        if row.state == "retired":
            assert row.retired_at
            assert row.active_from
            assert row.retired_at >= row.active_from


async def _step(svc: Running, client: Client, step: str, number: int, amount: int, who: str) -> None:
    path = f"{PATH}/versions/{number}"
    match step:
        case "draft":
            answer = await client.raw(who, "POST", f"{PATH}/versions", {"document": {"longest": amount}})
        case "change":
            answer = await client.raw(who, "PATCH", path, {"document": {"longest": amount}}, etag="*")
        case "later":
            at = svc.clock() + timedelta(hours=amount)
            answer = await client.raw(who, "POST", f"{path}/activate", {"from": at.isoformat()}, etag="*")
        case "withdraw":
            answer = await client.raw(who, "POST", f"{path}/withdraw", {"reason": "No"}, etag="*")
        case "wait":
            svc.clock.advance(hours=amount)
            await svc.fire_due()
            return
        case _:
            answer = await client.raw(who, "POST", f"{path}/{step}", {} if step == "activate" else None, etag="*")
    assert answer.status_code < 500, answer.text
