"""Brings a channel's messages to their targets. Any number of workers may do this side by side.

All of it goes by the machine's clock: receivers, their limits and their patience know no other.

A turn is one short transaction that locks the progress of the targets that may be sent to, so workers take turns: it makes deliveries and
claims what is due. Each attempt is recorded in its own transaction. What a worker sent and did not record, because it died, is sent
again under the same id when its claim runs out. So receivers get each message at least once.
"""

import asyncio
import random
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import structlog

from shared.auth.actor import SYSTEM
from shared.clock import Clock, machine, moved_by
from shared.db.context import Context
from shared.db.database import Database
from shared.db.tx import Tx
from shared.outbound import rules, secrets, signature, upkeep
from shared.outbound.channel import Channel, Message
from shared.outbound.meters import Meters
from shared.outbound.record import DeliveryState, DisableReason
from shared.outbound.rules import AT_ONCE, Answer
from shared.outbound.sender import Sender
from shared.process.outage import Outage, pause
from shared.process.settings import Settings
from shared.seal import Seal, Unreadable

log = structlog.get_logger()

CLAIM = timedelta(seconds=60)
"""How long a worker may take: more than the longest attempt (20 s) with its look-up and record."""
BUSY, IDLE = 0.02, 0.5
"""Seconds between turns."""
END_SECONDS = 10.0
"""How long attempts in flight may take when the worker stops. Those that do not end in time are sent again."""


@dataclass(frozen=True, slots=True)
class Claimed:
    """A delivery that this worker is to send."""

    id: UUID
    target_id: UUID
    url: str
    tries: int
    claimed_until: datetime
    message: Message


@dataclass(frozen=True, slots=True)
class Attempt:
    """What sending one delivery needs: `secrets` are the target's, the newest first; `at` is the machine's time."""

    sender: Sender
    db: Database
    settings: Settings
    delivery: Claimed
    secrets: Sequence[str]
    at: datetime


async def signed(attempt: Attempt) -> Answer:
    """A POST of the message, signed as the Standard Webhooks specification says."""
    message = attempt.delivery.message
    body = message.body
    return await attempt.sender.post(attempt.delivery.url, signature.headers(attempt.secrets, message.message_id, attempt.at, body), body)


@dataclass(frozen=True)
class Courier:
    """The work of a channel.

    `send` brings one message to its target. `make` makes deliveries for these targets, whose progress is locked, and says whether there
    may be more to come at once. `disable` is called when a target is gone, or has taken nothing for days.
    """

    channel: Channel
    service: str
    make: Callable[[Tx, Sequence[UUID]], Awaitable[bool]]
    disable: Callable[[Tx, UUID, DisableReason], Awaitable[None]]
    sender: Callable[[Settings, Clock], Sender]
    meters: Meters
    send: Callable[[Attempt], Awaitable[Answer]] = signed

    @property
    def jobs(self) -> tuple[Callable[[Database, Any, Clock, asyncio.Event], Coroutine[Any, Any, None]], ...]:
        """What the worker of the service does for it."""
        return (self.deliver, self.clean, self.sample)

    async def deliver(self, db: Database, settings: Settings, clock: Clock, stop: asyncio.Event) -> None:
        """A job of the worker: turn after turn until told to stop."""
        outage = Outage(f"{self.channel.name}s", service=self.service)
        attempts: set[asyncio.Task[None]] = set()
        ended = asyncio.Event()
        self.meters.begin()
        async with self.sender(settings, clock) as sender:
            try:
                while not stop.is_set():
                    ended.clear()
                    try:
                        async with db.begin(self._context(clock)) as tx:
                            moved, claimed = await self.take_turn(tx)
                    except Exception as error:
                        await outage.wait(error, stop)
                        continue
                    outage.over()
                    for delivery in claimed:
                        task = asyncio.create_task(self.attempt(db, settings, clock, sender, delivery))
                        attempts.add(task)
                        task.add_done_callback(attempts.discard)
                        task.add_done_callback(lambda _: ended.set())
                    # What has ended makes room for more; but one turn for each would cost more than it brings.
                    await pause(BUSY, stop)
                    if not moved:
                        await pause(IDLE - BUSY, stop, ended)
            finally:
                if attempts:
                    _, left = await asyncio.wait(attempts, timeout=END_SECONDS)
                    for task in left:
                        task.cancel()
                    await asyncio.gather(*left, return_exceptions=True)

    async def clean(self, db: Database, settings: Settings, clock: Clock, stop: asyncio.Event) -> None:
        """A job of the worker: every ten minutes, delete what is over its time. First, seal secrets with the newest key."""
        await upkeep.clean(self.channel, db, Seal.of(settings), clock, stop, Outage(f"{self.channel.name} cleaner", service=self.service))

    async def sample(self, db: Database, _settings: Settings, clock: Clock, stop: asyncio.Event) -> None:
        """A job of the worker: keep the gauges current."""
        await upkeep.sample(self.channel, self.meters, db, clock, stop, Outage(f"{self.channel.name} sampler", service=self.service))

    async def take_turn(self, tx: Tx) -> tuple[bool, list[Claimed]]:
        """Make deliveries and claim those that are due: whether there may be more to make, and what to send now."""
        targets = [row[0] for row in await tx.rows(_lock(self.channel))]
        if not targets:
            return False, []
        moved = await self.make(tx, targets)
        due = await tx.rows(_claim(self.channel), targets, tx.machine_now, tx.machine_now + CLAIM)
        if due and self.channel.paced:
            await tx.execute(_pace(self.channel), [row[1] for row in due], tx.machine_now)
        return moved, [
            Claimed(id, target_id, url, tries, until, self.channel.message(*carried)) for id, target_id, url, tries, until, *carried in due
        ]

    async def attempt(self, db: Database, settings: Settings, clock: Clock, sender: Sender, delivery: Claimed) -> None:
        """Send it and record what came of it. What cannot be recorded is sent again when the claim has run out."""
        try:
            at = machine(clock)()
            try:
                async with db.read() as reader:
                    keys = await secrets.in_force(reader, self.channel, delivery.target_id, Seal.of(settings), at)
            except Unreadable as error:
                log.error(f"{self.channel.name}_secret_unreadable", target=str(delivery.target_id), error=str(error))
                answer = Answer(None, "our own copy of the secret cannot be read", 0)
            else:
                answer = await self.send(Attempt(sender, db, settings, delivery, keys, at))
            self.meters.seconds.observe(answer.seconds)
            async with db.begin(self._context(clock)) as tx:
                reason = await self.record(tx, delivery, answer, at)
            if reason is not None:
                # In its own transaction: who changes a target locks it before its progress. If it is lost, the next failure repeats it.
                async with db.begin(self._context(clock)) as tx:
                    await self.disable(tx, delivery.target_id, reason)
                log.warning(f"{self.channel.name}_disabled", target=str(delivery.target_id), reason=reason.value)
        except Exception as error:
            log.warning(f"{self.channel.name}_attempt_lost", delivery=str(delivery.id), error=f"{type(error).__name__}: {error}")

    async def record(self, tx: Tx, delivery: Claimed, answer: Answer, at: datetime) -> DisableReason | None:
        """Record the delivery after the attempt at `at`, and the target's progress; why the target is to be disabled, if it is."""
        progress, key = self.channel.progress, self.channel.key
        # The progress first, then the delivery: the order in which a turn locks them.
        since = await tx.value(f"SELECT failing_since FROM {progress} WHERE {key} = $1 FOR UPDATE", delivery.target_id) or tx.machine_now
        by = self.channel.numbers(tx)
        then = rules.after(delivery.tries + 1, answer, tx.machine_now, random.uniform(-1, 1), by)
        finished = None if then.state is DeliveryState.PENDING else tx.machine_now
        made = {"at": at, "status": answer.status, "error": answer.error, "milliseconds": round(answer.seconds * 1000)}
        written = await tx.execute(
            _record(self.channel), delivery.id, delivery.claimed_until, then.state.value, delivery.tries + 1, then.due_at, finished, [made]
        )
        if written != "UPDATE 1":
            return None
        self.meters.outcomes.labels("retried" if then.state is DeliveryState.PENDING else then.state.value).inc()
        if answer.is_taken:
            taken = f"UPDATE {progress} SET failing_since = NULL, delivered_at = $2 WHERE {key} = $1"
            await tx.execute(taken, delivery.target_id, tx.machine_now)
        else:
            await tx.execute(f"UPDATE {progress} SET failing_since = $2 WHERE {key} = $1", delivery.target_id, since)
        return rules.to_disable(answer, since, tx.machine_now, by)

    def _context(self, clock: Clock) -> Context:
        return Context(self.service, SYSTEM, clock(), f"{self.channel.name}s", moved=moved_by(clock))


def _lock(of: Channel) -> str:
    return f"""
    SELECT p.{of.key} FROM {of.progress} p WHERE EXISTS (SELECT FROM ({of.targets}) t WHERE t.id = p.{of.key})
    ORDER BY p.{of.key} FOR UPDATE OF p
    """


_RECENT = "(SELECT count(*) FROM unnest(p.recent) AS r(at) WHERE r.at > $2::timestamptz - interval '1 minute')"


def _pace(of: Channel) -> str:
    """Notes that these were claimed now, and forgets what is over a minute old. The progress is locked by the turn."""
    return f"""
    UPDATE {of.progress} p SET recent = array(
      SELECT r.at FROM unnest(p.recent) AS r(at) WHERE r.at > $2::timestamptz - interval '1 minute'
    ) || array_fill($2::timestamptz, ARRAY[c.claimed::int])
    FROM (SELECT target, count(*) AS claimed FROM unnest($1::uuid[]) AS t(target) GROUP BY target) c WHERE p.{of.key} = c.target
    """


def _claim(of: Channel) -> str:
    paced = f", (SELECT t.per_minute FROM ({of.targets}) t WHERE t.id = p.{of.key}) - {_RECENT}" if of.paced else ""
    return f"""
    WITH room AS (
      SELECT p.{of.key}, least(CASE WHEN p.failing_since IS NULL THEN {AT_ONCE} ELSE 1 END - (
        SELECT count(*) FROM {of.delivery} d WHERE d.{of.key} = p.{of.key} AND d.claimed_until > $2
      ){paced}) AS free FROM {of.progress} p WHERE p.{of.key} = ANY($1::uuid[])
    ), due AS (
      SELECT d.id FROM room CROSS JOIN LATERAL (
        SELECT id FROM {of.delivery}
        WHERE {of.key} = room.{of.key} AND state = 'pending' AND due_at <= $2 AND (claimed_until IS NULL OR claimed_until <= $2)
        ORDER BY due_at, {of.order} LIMIT greatest(0, room.free)
      ) AS d
    )
    UPDATE {of.delivery} d SET claimed_until = $3 FROM due, ({of.targets}) t
    WHERE d.id = due.id AND t.id = d.{of.key} AND d.state = 'pending' AND (d.claimed_until IS NULL OR d.claimed_until <= $2)
    RETURNING d.id, d.{of.key}, t.url, d.tries, d.claimed_until, {of.carried}
    """


def _record(of: Channel) -> str:
    """Not what another worker has claimed since: that one records."""
    return f"""
    UPDATE {of.delivery} SET state = $3, tries = $4, due_at = $5, finished_at = $6, claimed_until = NULL,
      attempts = CASE WHEN jsonb_array_length(attempts) < {rules.KEPT_ATTEMPTS} THEN attempts ELSE attempts - 0 END || $7::jsonb
    WHERE id = $1 AND claimed_until = $2
    """
