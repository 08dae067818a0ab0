"""From the feed to a receiver that really listens: what it gets, and what becomes of a delivery that it does not take."""

import asyncio
import itertools
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from metrics_svc.numbers import Webhooks as Numbers
from metrics_svc.webhooks.courier import COURIER, sender
from metrics_svc.webhooks.tables import CHANNEL
from shared.clock import utcnow
from shared.db.tx import Tx
from shared.events.lead import LeadFlagged, LeadIntentRecorded
from shared.events.metrics import WebhookDisabled, WebhookRedelivered
from shared.outbound.rules import AT_ONCE
from shared.outbound.rules import Answer as Outcome
from shared.outbound.upkeep import clean_some
from tests.flow.system import eventually
from tests.metrics.endpoints import Answer, Webhooks
from tests.receiver import Receiver, receiving

FLAGGED, INTENT = LeadFlagged(flag="odd"), LeadIntentRecorded(level="high")


async def state(hooks: Webhooks, webhook: Answer) -> list[tuple[str, int]]:
    return [(d["state"], d["tries"]) for d in await hooks.deliveries(webhook)]


async def test_a_receiver_gets_what_it_asked_for_signed_and_thin(hooks: Webhooks, receiver: Receiver) -> None:
    webhook = await hooks.register(receiver.url, ["clinch.lead.flagged.v1"])
    event_id, _ = await hooks.happens(FLAGGED, INTENT)
    assert await hooks.work() == 1
    [got] = receiver.received
    assert got.verified(webhook["secret"])
    assert (got.id, got.type, got.path) == (str(event_id), "clinch.lead.flagged.v1", "/hooks")
    assert got.headers["content-type"] == "application/json"
    [listed] = await hooks.deliveries(webhook)
    assert b"odd" not in got.body
    assert got.body.decode().count('"') == 2 * (3 + 3 + 3)  # type, timestamp, data; id, version, position; and three texts
    assert (listed["state"], listed["event_id"], listed["position"], listed["sequence"]) == ("delivered", str(event_id), 1, 1)
    assert [(a["status"], a["error"]) for a in listed["attempts"]] == [(204, None)]
    assert listed == await hooks.call("GET", f"/{webhook['id']}/deliveries/{listed['id']}", status=200)
    assert (await hooks.read(webhook))["delivered_at"] is not None


async def test_each_event_comes_once_to_each_that_wants_it(hooks: Webhooks, receiver: Receiver) -> None:
    everything = await hooks.register(receiver.url)
    leads = await hooks.register(receiver.url, ["clinch.deal.*", "clinch.lead.intent_recorded.*", "clinch.lead.*"])
    await hooks.happens(FLAGGED, INTENT)
    await hooks.work()
    await hooks.happens(FLAGGED)
    await hooks.work()
    assert [len(await hooks.deliveries(w)) for w in (everything, leads)] == [3, 3]
    assert sorted(r.verified(everything["secret"]) for r in receiver.received if _signed_by(r, everything)) == [True] * 3


def _signed_by(received: Any, webhook: Answer) -> bool:
    try:
        return bool(received.verified(webhook["secret"]))
    except Exception:
        return False


async def test_a_failure_is_tried_again_with_the_same_id_and_body_and_a_new_signature(hooks: Webhooks, receiver: Receiver) -> None:
    receiver.answers = [500]
    webhook = await hooks.register(receiver.url)
    await hooks.happens(FLAGGED)
    assert await hooks.work() == 1
    [waiting] = await hooks.deliveries(webhook)
    assert (waiting["state"], waiting["tries"], waiting["attempts"][0]["status"]) == ("pending", 1, 500)
    assert (await hooks.read(webhook))["failing_since"] is not None
    hooks.svc.clock.advance(seconds=3)
    assert await hooks.work() == 0
    hooks.svc.clock.advance(seconds=4)
    assert await hooks.work() == 1
    first, second = receiver.received
    assert (first.id, first.body) == (second.id, second.body)
    assert first.headers["webhook-signature"] != second.headers["webhook-signature"]
    assert second.verified(webhook["secret"])
    assert await state(hooks, webhook) == [("delivered", 2)]
    assert (await hooks.read(webhook))["failing_since"] is None


@pytest.mark.parametrize(
    ("answer", "status", "error"),
    [
        ({"status": 302, "headers": {"Location": "http://127.0.0.1/elsewhere"}}, 302, None),
        ({"status": 404}, 404, None),
        ({"hold": 60}, None, "no answer within 1 s"),
    ],
)
async def test_what_counts_as_a_failure(impatient: Webhooks, answer: dict[str, Any], status: int | None, error: str | None) -> None:
    async with receiving(**answer) as receiver:
        webhook = await impatient.register(receiver.url)
        await impatient.happens(FLAGGED)
        assert await impatient.work() == 1
        [listed] = await impatient.deliveries(webhook)
        assert (listed["state"], listed["attempts"][0]["status"], listed["attempts"][0]["error"]) == ("pending", status, error)
        assert len(receiver.received) <= 1


async def test_a_receiver_that_is_not_there(hooks: Webhooks) -> None:
    async with receiving() as receiver:
        url = receiver.url
    webhook = await hooks.register(url)
    await hooks.happens(FLAGGED)
    await hooks.work()
    [listed] = await hooks.deliveries(webhook)
    assert listed["attempts"][0]["error"].startswith("could not connect")


async def test_a_long_answer_is_not_read(hooks: Webhooks) -> None:
    async with receiving(status=200, body=b"x" * 50_000_000) as receiver:
        webhook = await hooks.register(receiver.url)
        await hooks.happens(FLAGGED)
        await hooks.work()
        assert await state(hooks, webhook) == [("delivered", 1)]


async def test_410_ends_the_endpoint(hooks: Webhooks, receiver: Receiver) -> None:
    receiver.status = 410
    webhook = await hooks.register(receiver.url)
    await hooks.happens(FLAGGED)
    await hooks.work()
    ended = await hooks.read(webhook)
    assert (ended["state"], ended["reason"]) == ("disabled", "gone")
    assert await state(hooks, webhook) == [("failed", 1)]
    [told] = await hooks.svc.told(WebhookDisabled)
    assert told.data.actor is not None
    assert told.data.actor.type == "system"
    await hooks.happens(FLAGGED)
    assert await hooks.work() == 0
    refused = await hooks.call("POST", f"/{webhook['id']}/redeliver", _all(hooks), status=409, key="k")
    assert [u["code"] for u in refused["unmet"]] == ["disabled"]
    receiver.status = 204
    await hooks.call("PATCH", f"/{webhook['id']}", {"enabled": True}, status=200, etag=2)
    assert await hooks.work() == 1  # it goes on where it stopped
    assert await state(hooks, webhook) == [("failed", 1), ("delivered", 1)]


async def test_who_fails_for_days_is_disabled(hooks: Webhooks, receiver: Receiver) -> None:
    receiver.status = 500
    webhook = await hooks.register(receiver.url)
    await hooks.happens(FLAGGED)
    for hours in range(0, 120, 24):
        assert (await hooks.read(webhook))["state"] == "active", hours
        assert await hooks.work() > 0
        hooks.svc.clock.advance(hours=24)
    await hooks.happens(FLAGGED)  # and nothing was taken since the first
    await hooks.work()
    assert (await hooks.read(webhook))["reason"] == "failing"
    assert await hooks.work() == 0


async def test_after_the_last_try_it_has_failed(hooks: Webhooks, receiver: Receiver) -> None:
    receiver.status = 500
    webhook = await hooks.register(receiver.url)
    await hooks.happens(FLAGGED)
    for wait in itertools.chain(Numbers().back_off_seconds, [0]):
        assert await hooks.work() == 1
        hooks.svc.clock.now += timedelta(seconds=wait * 1.21)
    assert await hooks.work() == 0
    [failed] = await hooks.deliveries(webhook)
    assert (failed["state"], failed["due_at"], len(failed["attempts"])) == ("failed", None, 10)
    assert (await hooks.read(webhook))["state"] == "active"


async def test_a_worker_that_dies_before_it_records_has_it_sent_again_with_the_same_id(hooks: Webhooks, receiver: Receiver) -> None:
    webhook = await hooks.register(receiver.url)
    await hooks.happens(FLAGGED)
    [claimed] = await hooks.turn()
    async with sender(hooks.svc.settings, hooks.svc.clock) as sending:
        await sending.post(claimed.url, {"webhook-id": str(claimed.message.message_id)}, claimed.message.body)  # and is killed
    assert await hooks.work() == 0  # nobody else takes it while it may live
    hooks.svc.clock.advance(seconds=61)
    assert await hooks.work() == 1
    first, second = receiver.received
    assert (first.id, first.body) == (second.id, second.body)
    assert await state(hooks, webhook) == [("delivered", 1)]


async def test_a_worker_that_comes_back_late_does_not_record_over_its_successor(hooks: Webhooks, receiver: Receiver) -> None:
    webhook = await hooks.register(receiver.url)
    await hooks.happens(FLAGGED)
    [late] = await hooks.turn()
    hooks.svc.clock.advance(seconds=61)
    assert await hooks.work() == 1
    async with hooks.svc.transaction() as tx:
        assert await COURIER.record(tx, late, Outcome(410, None, 0.1), hooks.svc.clock()) is None
    assert await state(hooks, webhook) == [("delivered", 1)]
    assert (await hooks.read(webhook))["failing_since"] is None


async def test_only_so_many_at_once_to_one_endpoint_and_one_to_a_failing_one(hooks: Webhooks, receiver: Receiver) -> None:
    receiver.together = AT_ONCE
    await hooks.register(receiver.url)
    await hooks.happens(*[FLAGGED] * 10)
    assert len(await hooks.turn()) == AT_ONCE
    assert len(await hooks.turn()) == 0
    hooks.svc.clock.advance(seconds=61)
    receiver.answers = [500] * AT_ONCE
    sent = await hooks.work()
    assert receiver.most_in_flight == AT_ONCE
    assert sent >= 10
    assert len(receiver.received) == sent


async def test_a_rotation_signs_with_both_for_a_day(hooks: Webhooks, receiver: Receiver) -> None:
    webhook = await hooks.register(receiver.url)
    rotated = await hooks.call("POST", f"/{webhook['id']}/rotate-secret", status=200, etag=1)
    await hooks.happens(FLAGGED)
    await hooks.work()
    assert receiver.received[0].verified(webhook["secret"])
    assert receiver.received[0].verified(rotated["secret"])
    assert receiver.received[0].headers["webhook-signature"].count("v1,") == 2
    hooks.svc.clock.advance(hours=24, seconds=1)
    await hooks.happens(FLAGGED)
    await hooks.work()
    assert receiver.received[1].headers["webhook-signature"].count("v1,") == 1
    await clean_some(hooks.svc.db, CHANNEL, hooks.svc.clock())
    async with hooks.svc.db.connection() as conn:
        assert await conn.fetchval("SELECT count(*) FROM webhook_secret") == 1


def _all(hooks: Webhooks, state: str = "failed") -> dict[str, Any]:
    now = hooks.svc.clock()
    return {"since": (now - timedelta(days=9)).isoformat(), "until": (now + timedelta(seconds=1)).isoformat(), "state": state}


async def test_redelivering_one(hooks: Webhooks, receiver: Receiver) -> None:
    webhook = await hooks.register(receiver.url)
    await hooks.happens(FLAGGED)
    await hooks.work()
    [listed] = await hooks.deliveries(webhook)
    path = f"/{webhook['id']}/deliveries/{listed['id']}/redeliver"
    again = await hooks.call("POST", path, status=202)
    assert (again["state"], again["tries"], len(again["attempts"])) == ("pending", 0, 1)
    assert await hooks.work() == 1
    assert len({r.id for r in receiver.received}) == 1
    assert [(d["state"], len(d["attempts"])) for d in await hooks.deliveries(webhook)] == [("delivered", 2)]
    [told] = await hooks.svc.told(WebhookRedelivered)
    assert told.data.model_dump(include={"count", "delivery_id"}) == {"count": 1, "delivery_id": UUID(listed["id"])}
    other = await hooks.register(receiver.url)
    await hooks.call("POST", f"/{other['id']}/deliveries/{listed['id']}/redeliver", status=404)


async def test_redelivering_what_failed(hooks: Webhooks, receiver: Receiver) -> None:
    webhook = await hooks.register(receiver.url)
    await hooks.happens(FLAGGED)
    await hooks.work()
    await hooks.happens(*[FLAGGED] * 3)
    async with hooks.svc.transaction() as tx:
        await give_up(tx)
    path = f"/{webhook['id']}/redeliver"
    await hooks.call("POST", path, _all(hooks), status=400)  # a bulk operation needs a key
    nothing = await hooks.call("POST", path, _all(hooks) | {"until": _all(hooks)["since"]}, status=202, key="a")
    assert nothing == {"count": 0}
    assert await hooks.call("POST", path, _all(hooks), status=202, key="b") == {"count": 3}
    assert await hooks.call("POST", path, _all(hooks), status=202, key="b") == {"count": 3}
    assert await hooks.work() == 3
    assert await state(hooks, webhook) == [("delivered", 1)] * 4
    assert [e.data.model_dump()["count"] for e in await hooks.svc.told(WebhookRedelivered)] == [3]


async def give_up(tx: Tx) -> None:
    """What is new is tried in vain to the end."""
    await COURIER.take_turn(tx)
    given_up = "state = 'failed', due_at = NULL, claimed_until = NULL, finished_at = $1"
    await tx.execute(f"UPDATE webhook_delivery SET {given_up} WHERE state = 'pending'", tx.now)


async def test_pinging_answers_what_the_receiver_said(hooks: Webhooks, receiver: Receiver) -> None:
    webhook = await hooks.register(receiver.url)
    ping = await hooks.call("POST", f"/{webhook['id']}/ping", status=200)
    assert (ping["delivered"], ping["status"], ping["error"]) == (True, 204, None)
    [got] = receiver.received
    assert got.verified(webhook["secret"])
    assert got.type == "clinch.webhook.ping"
    receiver.status = 500
    assert (await hooks.call("POST", f"/{webhook['id']}/ping", status=200))["delivered"] is False
    assert await hooks.deliveries(webhook) == []


async def test_new_types_count_from_where_the_endpoint_is(hooks: Webhooks, receiver: Receiver) -> None:
    webhook = await hooks.register(receiver.url, ["clinch.lead.flagged.v1"])
    await hooks.happens(FLAGGED, INTENT)
    await hooks.work()
    await hooks.call("PATCH", f"/{webhook['id']}", {"types": ["clinch.lead.*"]}, status=200, etag=1)
    await hooks.happens(INTENT)
    await hooks.work()
    assert [d["position"] for d in await hooks.deliveries(webhook)] == [1, 3]


async def test_filters_of_the_deliveries(hooks: Webhooks, receiver: Receiver) -> None:
    receiver.answers = [204, 500]
    webhook = await hooks.register(receiver.url)
    await hooks.happens(FLAGGED)
    await hooks.work()
    before = hooks.svc.clock()
    hooks.svc.clock.advance(minutes=5)
    await hooks.happens(INTENT)
    await hooks.work()
    for query, positions in (
        ("state=pending", [2]),
        ("state=delivered,pending", [1, 2]),
        ("type=clinch.lead.flagged.v1", [1]),
        (f"created_at[gt]={before.isoformat().replace('+', '%2B')}", [2]),
        ("limit=1", [1]),
    ):
        assert [d["position"] for d in await hooks.deliveries(webhook, query)] == positions


async def test_old_deliveries_go_and_verify_knows(hooks: Webhooks, receiver: Receiver) -> None:
    webhook = await hooks.register(receiver.url)
    await hooks.happens(FLAGGED, FLAGGED)
    await hooks.work()
    hooks.svc.clock.advance(days=29)
    await hooks.happens(FLAGGED)
    async with hooks.svc.transaction() as tx:
        await give_up(tx)
    assert await clean_some(hooks.svc.db, CHANNEL, hooks.svc.clock()) == 0
    hooks.svc.clock.advance(days=2)
    assert await clean_some(hooks.svc.db, CHANNEL, hooks.svc.clock()) == 2
    assert await state(hooks, webhook) == [("failed", 0)]
    assert await hooks.broken() == []
    hooks.svc.clock.advance(days=89)
    assert await clean_some(hooks.svc.db, CHANNEL, hooks.svc.clock()) == 1


async def test_verify_finds_a_delivery_that_is_missing(hooks: Webhooks, receiver: Receiver) -> None:
    await hooks.register(receiver.url)
    await hooks.happens(FLAGGED, FLAGGED)
    await hooks.work()
    async with hooks.svc.transaction() as tx:
        kept = await tx.row("DELETE FROM webhook_delivery WHERE position = 1 RETURNING webhook_id")
    assert len(await hooks.broken()) == 1
    async with hooks.svc.transaction() as tx:  # as cleaning leaves it
        await tx.execute("UPDATE webhook_cursor SET forgotten_to = 1 WHERE webhook_id = $1", kept[0])


async def test_a_dead_slow_endpoint_does_not_hold_up_another(impatient: Webhooks, receiver: Receiver) -> None:
    """The worker itself, with its own clock: while the slow one holds its attempts, the other gets everything."""
    hooks = impatient
    async with receiving(hold=600) as slow:
        dead = await hooks.register(slow.url)
        await hooks.register(receiver.url)
        await hooks.happens(*[FLAGGED] * 30)
        stop = asyncio.Event()
        worker = asyncio.create_task(COURIER.deliver(hooks.svc.db, hooks.svc.settings, utcnow, stop))
        try:

            async def all_there() -> bool:
                return len({r.id for r in receiver.received}) == 30

            await eventually(all_there)
            assert slow.received == []
        finally:
            stop.set()
            await worker
        assert {d["state"] for d in await hooks.deliveries(dead)} == {"pending"}


async def test_two_workers_send_each_message_once_and_keep_the_limit_together(hooks: Webhooks, receiver: Receiver) -> None:
    receiver.hold = 0.02
    webhook = await hooks.register(receiver.url)
    await hooks.happens(*[FLAGGED] * 60)
    stop = asyncio.Event()
    workers = [asyncio.create_task(COURIER.deliver(hooks.svc.db, hooks.svc.settings, utcnow, stop)) for _ in range(2)]

    async def all_delivered() -> bool:
        return {d["state"] for d in await hooks.deliveries(webhook, "limit=100")} == {"delivered"}

    try:
        await eventually(all_delivered, 60)
    finally:
        stop.set()
        await asyncio.gather(*workers)
    assert len(receiver.received) == len({r.id for r in receiver.received}) == 60
    assert receiver.most_in_flight <= AT_ONCE
