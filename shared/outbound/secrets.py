"""The secrets of targets: kept encrypted, replaced with an overlap, sealed again when the key changes."""

from datetime import datetime
from uuid import UUID

import structlog

from shared.db.database import Database
from shared.db.tx import Reader, Tx
from shared.ids import new_id
from shared.outbound import signature
from shared.outbound.channel import Channel
from shared.seal import Seal, Unreadable

log = structlog.get_logger()


async def renew(tx: Tx, channel: Channel, target_id: UUID) -> str:
    """A new secret, which is told this once. Older ones sign as long as they were given: see `end`."""
    secret = signature.new_secret()
    await keep(tx, channel, target_id, secret)
    return secret


async def keep(tx: Tx, channel: Channel, target_id: UUID, secret: str) -> None:
    """Keep a secret of the target, sealed. Older ones stay in force as long as they were given: see `end`."""
    sealed = Seal.of(tx.settings).close(secret.encode()).decode()
    into = f"INSERT INTO {channel.secret} (id, {channel.key}, sealed, created_at) VALUES ($1, $2, $3, $4)"
    await tx.execute(into, new_id(), target_id, sealed, tx.machine_now)


async def end(tx: Tx, channel: Channel, target_id: UUID, until: datetime) -> None:
    """No secret that the target has now signs after `until`."""
    ends = f"UPDATE {channel.secret} SET ends_at = $2 WHERE {channel.key} = $1 AND (ends_at IS NULL OR ends_at > $2)"
    await tx.execute(ends, target_id, until)


async def in_force(db: Reader, channel: Channel, target_id: UUID, seal: Seal, now: datetime) -> list[str]:
    """Those that sign now, the newest first. `Unreadable` when CLINCH_SECRET_KEY has lost a key."""
    asked = f"""
    SELECT sealed FROM {channel.secret} WHERE {channel.key} = $1 AND (ends_at IS NULL OR ends_at > $2) ORDER BY created_at DESC
    """
    return [seal.open(row["sealed"].encode()).decode() for row in await db.rows(asked, target_id, now)]


async def seal_again(db: Database, channel: Channel, seal: Seal) -> int:
    """Seal with the first key what another one has sealed, so that the old key can be taken out of CLINCH_SECRET_KEY."""
    changed = 0
    async with db.connection() as conn:
        for id, sealed in await conn.fetch(f"SELECT id, sealed FROM {channel.secret}"):
            if seal.is_current(sealed.encode()):
                continue
            try:
                plain = seal.open(sealed.encode())
            except Unreadable as error:
                log.error(f"{channel.name}_secret_unreadable", secret=str(id), error=str(error))
                continue
            anew = f"UPDATE {channel.secret} SET sealed = $3 WHERE id = $1 AND sealed = $2"
            await conn.execute(anew, id, sealed, seal.close(plain).decode())
            changed += 1
    return changed
