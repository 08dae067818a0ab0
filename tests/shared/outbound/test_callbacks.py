"""Callbacks on a real Postgres: each takes effect once, in any order, and what fails holds up no other and is kept."""

import asyncio
import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from standardwebhooks import Webhook as Oracle

from clinch.run.postgres import Postgres
from shared.db.tables import service_metadata
from shared.db.tx import Tx
from shared.ids import new_id
from shared.outbound import signature
from shared.outbound.callbacks import Callback, Inbox, TooEarly, callback_table
from shared.outbound.numbers import Sending
from shared.outbound.signature import TOLERANCE, BadSignature, verified
from shared.process.service import Service
from tests.harness import Running, running

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
SECRET = signature.new_secret()
BODY = b'{"paid": 1}'


def signed(body: bytes = BODY, at: datetime = NOW, *secrets: str) -> dict[str, str]:
    return signature.headers(secrets or [SECRET], new_id(), at, body)


# -- The signature ---------------------------------------------------------------------------------------------------------


def test_what_the_standard_s_own_library_signs_is_taken() -> None:
    theirs = Oracle(SECRET).sign("msg_1", NOW, BODY.decode())
    given = {"webhook-id": "msg_1", "webhook-timestamp": str(int(NOW.timestamp())), "webhook-signature": f"v1a,other {theirs}"}
    assert verified([signature.new_secret(), SECRET], given, BODY, NOW) == "msg_1"


@pytest.mark.parametrize("seconds", [0, 299, -299, 301, -301, 86400])
def test_a_message_from_another_time_is_refused(seconds: int) -> None:
    given = signed(at=NOW + timedelta(seconds=seconds))
    if abs(seconds) <= TOLERANCE.total_seconds():
        assert verified([SECRET], given, BODY, NOW) == given["webhook-id"]
    else:
        with pytest.raises(BadSignature, match="clock"):
            verified([SECRET], given, BODY, NOW)


def test_a_changed_body_a_changed_id_and_another_secret_are_refused() -> None:
    for secrets, headers, body in (
        ([SECRET], signed(), BODY + b" "),
        ([SECRET], signed() | {"webhook-id": "other"}, BODY),
        ([signature.new_secret()], signed(), BODY),
        ([], signed(), BODY),
    ):
        with pytest.raises(BadSignature, match="no signature fits"):
            verified(secrets, headers, body, NOW)


@given(st.dictionaries(st.sampled_from(["webhook-id", "webhook-timestamp", "webhook-signature"]), st.text(max_size=300)))
def test_no_header_can_break_us(given: dict[str, str]) -> None:
    with pytest.raises(BadSignature):
        verified([SECRET], given, BODY, NOW)


# -- The inbox -------------------------------------------------------------------------------------------------------------

metadata = service_metadata()
TABLE = callback_table("payment", metadata)
service = Service(name="paid-svc", prefixes=["/v1/paid"], metadata=metadata, migrations=Path(__file__).parent)


async def handle(tx: Tx, callback: Callback) -> None:
    """Step n of something follows step n - 1."""
    step = json.loads(callback.body)
    if step["n"] != await tx.value("SELECT count(*) + 1 FROM effect WHERE about = $1", step["about"]):
        raise TooEarly("the step before is missing")
    await tx.execute("INSERT INTO effect (about, n) VALUES ($1, $2)", step["about"], step["n"])
    if step.get("bad"):
        raise RuntimeError("after it wrote")


INBOX = Inbox("payment", "paid-svc", TABLE, handle, numbers=lambda _: Sending(back_off_seconds=(5, 60)))


@pytest.fixture
async def paid(postgres: Postgres) -> AsyncIterator[Running]:
    async with running(service, postgres) as started:
        async with started.db.connection() as conn:
            await conn.execute("CREATE TABLE effect (at bigint GENERATED ALWAYS AS IDENTITY, about text, n bigint)")
        yield started


async def comes(paid: Running, n: int, *, message_id: str = "", about: str = "a", bad: bool = False) -> bool:
    async with paid.transaction() as tx:
        body = json.dumps({"about": about, "n": n, "bad": bad}).encode()
        return await INBOX.receive(tx, message_id or f"{about}-{n}", body)


async def handled(paid: Running) -> int:
    done = 0
    while await INBOX.handle_one(paid.db, paid.clock):
        done += 1
    return done


async def effects(paid: Running) -> list[str]:
    async with paid.db.connection() as conn:
        return [f"{about}{n}" for about, n in await conn.fetch("SELECT about, n FROM effect ORDER BY at")]


async def test_what_comes_twice_takes_effect_once(paid: Running) -> None:
    assert [await comes(paid, 1), await comes(paid, 1)] == [True, False]
    assert await handled(paid) == 1
    assert not await comes(paid, 2, message_id="a-1")  # a known id with another body: the first one counts
    assert await handled(paid) == 0
    assert await effects(paid) == ["a1"]


async def test_what_comes_too_early_waits_for_what_it_follows(paid: Running) -> None:
    await comes(paid, 3)
    await comes(paid, 2)
    await comes(paid, 1, about="b")
    await handled(paid)
    assert await effects(paid) == ["b1"]
    await comes(paid, 1)
    await handled(paid)
    for _ in range(2):
        paid.clock.advance(seconds=61)
        await handled(paid)
    assert await effects(paid) == ["b1", "a1", "a2", "a3"]


async def test_what_fails_leaves_nothing_holds_up_nobody_and_is_kept_for_somebody(paid: Running) -> None:
    await comes(paid, 1, about="a", bad=True)
    await comes(paid, 1, about="b")
    assert await handled(paid) == 2
    assert await effects(paid) == ["b1"]
    for wait in (4, 2, 61):
        paid.clock.advance(seconds=wait)
        await handled(paid)
    paid.clock.advance(days=9)
    assert await handled(paid) == 0
    async with paid.transaction() as tx:
        id, attempts, error = await tx.row("SELECT id, attempts, error FROM payment_callback WHERE handled_at IS NULL")
        assert (attempts, error) == (3, "RuntimeError: after it wrote")
        await tx.execute("UPDATE payment_callback SET body = $2 WHERE id = $1", id, b'{"about": "a", "n": 1}')
        await INBOX.again(tx, id)
    assert await handled(paid) == 1
    assert await effects(paid) == ["b1", "a1"]
    async with paid.transaction() as tx:
        await INBOX.again(tx, id)  # it is handled, and stays so
    assert await handled(paid) == 0


async def test_what_was_handled_is_forgotten_after_a_while_and_what_failed_is_not(paid: Running) -> None:
    await comes(paid, 1)
    await comes(paid, 7)
    await handled(paid)
    for days, left in ((29, 2), (2, 1)):
        paid.clock.advance(days=days)
        async with paid.transaction() as tx:
            await INBOX.forget_old(tx)
            assert await tx.value("SELECT count(*) FROM payment_callback") == left


async def test_two_workers_handle_each_once(paid: Running) -> None:
    for n in range(30):
        await comes(paid, 1, about=f"x{n}")
    stop = asyncio.Event()
    workers = [asyncio.create_task(INBOX.work(paid.db, paid.settings, paid.clock, stop)) for _ in range(2)]
    try:
        async with asyncio.timeout(30):
            while len(await effects(paid)) < 30:  # noqa: ASYNC110
                await asyncio.sleep(0.02)
    finally:
        stop.set()
        await asyncio.gather(*workers)
    assert sorted(await effects(paid)) == sorted(f"x{n}1" for n in range(30))
