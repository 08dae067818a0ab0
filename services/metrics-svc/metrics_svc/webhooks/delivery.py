"""From the feed to the receivers: deliveries are made, claimed, sent and recorded. Any number of workers may do this side by side.

All of it goes by the machine's clock: receivers, their limits and their patience know no other.

A turn makes and claims (turns.py); each attempt is recorded in its own transaction. What a worker sent and did not record, because it
died, is sent again under the same id when its claim runs out. So receivers get each event at least once.
"""

import asyncio
import random
from datetime import datetime

import structlog
from prometheus_client import Counter, Histogram

from metrics_svc.policy import POLICY
from metrics_svc.settings import MetricsSettings
from metrics_svc.webhooks import commands, queries, rules, signature
from metrics_svc.webhooks.record import DeliveryState, DisableReason
from metrics_svc.webhooks.rules import Answer
from metrics_svc.webhooks.sender import Sender
from metrics_svc.webhooks.turns import Claimed, take_turn
from shared.auth import SYSTEM
from shared.clock import Clock, machine, moved_by
from shared.db.context import Context
from shared.db.tx import Database, Tx
from shared.process.outage import Outage, pause
from shared.seal import Seal, Unreadable

log = structlog.get_logger()

OUTCOMES = Counter("clinch_webhook_deliveries_total", "Attempts by what came of them: delivered, retried or failed for good.", ["outcome"])
SECONDS = Histogram(
    "clinch_webhook_attempt_seconds", "How long receivers took to answer, or not to.", buckets=(0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 20)
)

BUSY, IDLE = 0.02, 0.5
"""Seconds between turns."""
END_SECONDS = 10.0
"""How long attempts in flight may take when the worker stops. Those that do not end in time are sent again."""

# The cursor first, then the delivery: the order in which a turn locks them.
_DOING = "SELECT failing_since FROM webhook_cursor WHERE webhook_id = $1 FOR UPDATE"
# Not what another worker has claimed since: that one records.
_RECORD = f"""
UPDATE webhook_delivery SET state = $3, tries = $4, due_at = $5, finished_at = $6, claimed_until = NULL,
  attempts = CASE WHEN jsonb_array_length(attempts) < {rules.KEPT_ATTEMPTS} THEN attempts ELSE attempts - 0 END || $7::jsonb
WHERE id = $1 AND claimed_until = $2
"""
_TAKEN = "UPDATE webhook_cursor SET failing_since = NULL, delivered_at = $2 WHERE webhook_id = $1"
_NOT_TAKEN = "UPDATE webhook_cursor SET failing_since = $2 WHERE webhook_id = $1"


async def deliver(db: Database, settings: MetricsSettings, clock: Clock, stop: asyncio.Event) -> None:
    """A job of the worker: turn after turn until told to stop."""
    outage = Outage("webhooks", service="metrics-svc")
    attempts: set[asyncio.Task[None]] = set()
    ended = asyncio.Event()
    for outcome in ("delivered", "retried", "failed"):
        OUTCOMES.labels(outcome)  # 0 from the start: a rate needs a figure to begin with
    async with Sender(settings, clock) as sender:
        try:
            while not stop.is_set():
                ended.clear()
                try:
                    async with db.begin(_context(clock)) as tx:
                        moved, claimed = await take_turn(tx)
                except Exception as error:
                    await outage.wait(error, stop)
                    continue
                outage.over()
                for delivery in claimed:
                    task = asyncio.create_task(attempt(db, settings, clock, sender, delivery))
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


async def attempt(db: Database, settings: MetricsSettings, clock: Clock, sender: Sender, delivery: Claimed) -> None:
    """Send it and record what came of it. What cannot be recorded is sent again when the claim has run out."""
    try:
        at = machine(clock)()
        try:
            async with db.read() as reader:
                keys = await queries.secrets(reader, delivery.webhook_id, Seal.of(settings), at)
        except Unreadable as error:
            log.error("webhook_secret_unreadable", webhook=str(delivery.webhook_id), error=str(error))
            answer = Answer(None, "our own copy of the secret cannot be read", 0)
        else:
            answer = await sender.post(delivery.url, signature.headers(keys, delivery.event_id, at, delivery.body), delivery.body)
        SECONDS.observe(answer.seconds)
        async with db.begin(_context(clock)) as tx:
            reason = await record(tx, delivery, answer, at)
        if reason is not None:
            # In its own transaction: who changes an endpoint locks it before its cursor. If it is lost, the next failure repeats it.
            async with db.begin(_context(clock)) as tx:
                await commands.disable(tx, delivery.webhook_id, reason)
            log.warning("webhook_disabled", webhook=str(delivery.webhook_id), reason=reason.value)
    except Exception as error:
        log.warning("webhook_attempt_lost", delivery=str(delivery.id), error=f"{type(error).__name__}: {error}")


async def record(tx: Tx, delivery: Claimed, answer: Answer, at: datetime) -> DisableReason | None:
    """Record the delivery after the attempt at `at`, and the endpoint's progress; why the endpoint is to be disabled, if it is."""
    failing_since = await tx.value(_DOING, delivery.webhook_id) or tx.machine_now
    by = tx.policy(POLICY).webhooks
    then = rules.after(delivery.tries + 1, answer, tx.machine_now, random.uniform(-1, 1), by)
    finished = None if then.state is DeliveryState.PENDING else tx.machine_now
    made = {"at": at, "status": answer.status, "error": answer.error, "milliseconds": round(answer.seconds * 1000)}
    written = await tx.execute(
        _RECORD, delivery.id, delivery.claimed_until, then.state.value, delivery.tries + 1, then.due_at, finished, [made]
    )
    if written != "UPDATE 1":
        return None
    OUTCOMES.labels("retried" if then.state is DeliveryState.PENDING else then.state.value).inc()
    if answer.is_taken:
        await tx.execute(_TAKEN, delivery.webhook_id, tx.machine_now)
    else:
        await tx.execute(_NOT_TAKEN, delivery.webhook_id, failing_since)
    return rules.to_disable(answer, failing_since, tx.machine_now, by)


def _context(clock: Clock) -> Context:
    return Context("metrics-svc", SYSTEM, clock(), "webhooks", moved=moved_by(clock))
