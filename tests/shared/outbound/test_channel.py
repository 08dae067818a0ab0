"""A channel of another service: orders that are sent to shops, with nothing of webhooks in it."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated
from uuid import UUID

import pytest
from prometheus_client import REGISTRY
from sqlalchemy import Column, Table, Text, Uuid

from clinch.run.postgres import Postgres
from shared.clock import Clock, utcnow
from shared.db.tables import service_metadata
from shared.db.tx import Tx
from shared.ids import new_id
from shared.outbound import secrets
from shared.outbound.addresses import Allowed
from shared.outbound.channel import Channel, delivery_table, progress_columns, secret_table
from shared.outbound.courier import Courier
from shared.outbound.meters import Meters
from shared.outbound.numbers import Sending
from shared.outbound.record import Attempts, DeliveryState, DisableReason
from shared.outbound.redelivery import again, again_many
from shared.outbound.sender import Sender
from shared.outbound.upkeep import clean_some
from shared.process.service import Service
from shared.process.settings import Settings
from shared.stored import Stored
from tests.harness import Running, running
from tests.receiver import receiving


@dataclass(frozen=True)
class Order:
    what: str
    order_id: UUID

    @property
    def message_id(self) -> UUID:
        return self.order_id

    @property
    def body(self) -> bytes:
        return self.what.encode()


@dataclass(frozen=True)
class OrderSent(Attempts, Order):
    shop_id: Annotated[UUID, Stored(refers="shop.id")]


metadata = service_metadata()
SHOP = Table("shop", metadata, Column("id", Uuid, primary_key=True), Column("url", Text), Column("state", Text))
CHANNEL = Channel(
    name="shop",
    progress=Table("shop_progress", metadata, *progress_columns("shop")),
    secret=secret_table("shop", metadata),
    delivery=delivery_table("shop", metadata, OrderSent),
    message=Order,
    targets="SELECT id, url FROM shop WHERE state = 'open'",
    removed="SELECT id FROM shop WHERE state = 'closed'",
    numbers=lambda _: Sending(back_off_seconds=(5,)),
)
service = Service(name="order-svc", prefixes=["/v1/orders"], metadata=metadata, migrations=Path(__file__).parent)


async def makes_its_own(_tx: Tx, _targets: Sequence[UUID]) -> bool:
    return False


async def disable(tx: Tx, shop: UUID, reason: DisableReason) -> None:
    await tx.execute("UPDATE shop SET state = $2 WHERE id = $1", shop, reason.value)


def sender(_settings: Settings, clock: Clock) -> Sender:
    return Sender(clock, allowed=Allowed.of("ALLOW", ["127.0.0.1"]), seconds=5, agent="Orders/1")


METERS = Meters("shop")
for meter in (METERS.outcomes, METERS.seconds, METERS.pending, METERS.oldest):
    REGISTRY.unregister(meter)  # they are this test's, and none that a service shows
COURIER = Courier(CHANNEL, "order-svc", make=makes_its_own, disable=disable, sender=sender, meters=METERS)


@pytest.fixture
async def orders(postgres: Postgres) -> AsyncIterator[Running]:
    async with running(service, postgres) as started:
        started.clock.now = utcnow()  # the standard's library refuses what is older than five minutes
        yield started


async def opens(orders: Running, url: str) -> tuple[UUID, str]:
    shop = new_id()
    async with orders.transaction() as tx:
        await tx.execute("INSERT INTO shop VALUES ($1, $2, 'open')", shop, url)
        await tx.execute("INSERT INTO shop_progress (shop_id) VALUES ($1)", shop)
        return shop, await secrets.renew(tx, CHANNEL, shop)


async def ordered(orders: Running, shop: UUID, what: str) -> UUID:
    """The delivery is a row of the transaction that orders."""
    async with orders.transaction() as tx:
        row = "INSERT INTO shop_delivery (id, shop_id, order_id, what, state, tries, due_at, attempts, created_at)"
        delivery = new_id()
        await tx.execute(f"{row} VALUES ($1, $2, $3, $4, 'pending', 0, $5, '[]', $5)", delivery, shop, new_id(), what, tx.machine_now)
        return delivery


async def sent(orders: Running) -> list[str]:
    """Turns and attempts until nothing is due; what the deliveries are then."""
    async with COURIER.sender(orders.settings, orders.clock) as sending:
        while True:
            async with orders.transaction() as tx:
                _, claimed = await COURIER.take_turn(tx)
            if not claimed:
                break
            for one in claimed:
                await COURIER.attempt(orders.db, orders.settings, orders.clock, sending, one)
    async with orders.db.connection() as conn:
        return [row["state"] for row in await conn.fetch("SELECT state FROM shop_delivery ORDER BY id")]


async def test_an_order_is_sent_tried_again_sent_once_more_and_forgotten(orders: Running) -> None:
    async with receiving(answers=[500]) as receiver:
        shop, secret = await opens(orders, receiver.url)
        first = await ordered(orders, shop, "ten chairs")
        assert await sent(orders) == ["pending"]
        orders.clock.advance(seconds=7)
        assert await sent(orders) == ["delivered"]
        async with orders.transaction() as tx:
            await again(tx, CHANNEL, first)
        assert await sent(orders) == ["delivered"]
        async with orders.transaction() as tx:
            span = {"since": tx.machine_now.replace(year=2020), "until": tx.machine_now.replace(year=2100)}
            assert await again_many(tx, CHANNEL, shop, **span, state=DeliveryState.FAILED) == 0
            assert await again_many(tx, CHANNEL, shop, **span, state=DeliveryState.DELIVERED) == 1
        assert await sent(orders) == ["delivered"]
        assert [r.body for r in receiver.received] == [b"ten chairs"] * 4
        assert len({r.id for r in receiver.received}) == 1
        assert receiver.received[-1].verified(secret)
    orders.clock.advance(days=31)
    assert await clean_some(orders.db, CHANNEL, orders.clock()) == 1


async def test_a_shop_that_is_gone_gets_nothing_more(orders: Running) -> None:
    async with receiving(status=410) as receiver:
        shop, _ = await opens(orders, receiver.url)
        await ordered(orders, shop, "ten chairs")
        await ordered(orders, shop, "a table")
        assert sorted(await sent(orders)) == ["failed", "failed"]
        await ordered(orders, shop, "a lamp")
        assert (await sent(orders))[-1] == "pending"
    async with orders.transaction() as tx:
        assert await tx.value("SELECT state FROM shop WHERE id = $1", shop) == "gone"
        await tx.execute("UPDATE shop SET state = 'closed'")
    assert await clean_some(orders.db, CHANNEL, orders.clock()) == 3
