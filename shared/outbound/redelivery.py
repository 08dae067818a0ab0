"""Sending again what was sent before, under the same message id and with all its tries."""

from datetime import datetime
from uuid import UUID

from shared.db.tx import Tx
from shared.outbound.channel import Channel
from shared.outbound.record import DeliveryState

_PENDING = "state = 'pending', tries = 0, due_at = $1, finished_at = NULL"


async def again(tx: Tx, channel: Channel, delivery_id: UUID) -> None:
    """One delivery, whatever its state. If it waits for its next attempt, the wait ends."""
    await tx.execute(f"UPDATE {channel.delivery} SET {_PENDING} WHERE id = $2", tx.machine_now, delivery_id)


async def again_many(tx: Tx, channel: Channel, target_id: UUID, *, since: datetime, until: datetime, state: DeliveryState) -> int:
    """Those of a state that were made from `since` to before `until`: the oldest, as many as the policy allows. How many."""
    those = f"""
    UPDATE {channel.delivery} SET {_PENDING} WHERE id IN (
      SELECT id FROM {channel.delivery} WHERE {channel.key} = $2 AND created_at >= $3 AND created_at < $4 AND state = $5
      ORDER BY {channel.order} LIMIT $6
    ) RETURNING id
    """
    most = channel.numbers(tx).most_again
    return len(await tx.rows(those, tx.machine_now, target_id, since, until, state.value, most))
