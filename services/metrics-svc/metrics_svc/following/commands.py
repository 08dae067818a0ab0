"""What is done alike with every kind of target: end it, and send again what was sent."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, Generic, Protocol, TypeVar
from uuid import UUID

from metrics_svc.following.queries import Deliveries
from shared.acts import Act
from shared.db.query import Aggregate, Row
from shared.db.tx import Reader, Tx
from shared.events.envelope import Event
from shared.outbound import secrets
from shared.outbound.channel import Channel
from shared.outbound.record import Attempts, DeliveryState, DisableReason
from shared.outbound.redelivery import again, again_many


class Target(Row, Protocol):
    @property
    def state(self) -> StrEnum:
        """`active`, `disabled` or `removed`."""


T = TypeVar("T", bound=Target)


@dataclass(frozen=True)
class Targets(Generic[T]):
    """One kind of target. `progress` reads what its acts ask for; `disabled`, `redelivered` and `removed` are the events that tell it."""

    of: Aggregate[T]
    channel: Channel
    deliveries: Deliveries[Any]
    states: type[StrEnum]
    progress: Callable[[Tx, UUID], Awaitable[Any]]
    redeliver_act: Act[T, Any]
    remove_act: Act[T, Any]
    disabled: Callable[..., Event]
    redelivered: Callable[..., Event]
    removed: Callable[[], Event]

    async def present(self, db: Reader, id: UUID) -> T:
        """`NotFound` also for one that was removed: its row stays for the events that tell of it."""
        return self._present(await db.get(self.of, id))

    async def load(self, tx: Tx, id: UUID, expect: int | None) -> tuple[T, Any]:
        """The target, locked, and how it does; `NotFound` when it was removed."""
        return self._present(await tx.load(self.of, id, expect)), await self.progress(tx, id)

    def _present(self, target: T) -> T:
        if target.state == "removed":
            raise self.of.missing()
        return target

    async def disable(self, tx: Tx, id: UUID, reason: DisableReason) -> None:
        """Disable it, by the worker. One that is not active stays as it is."""
        target = await tx.load(self.of, id)
        if target.state == "active":
            event = self.disabled(reason=reason.value)
            await tx.save(self.of, target, event, state=self.states("disabled"), reason=reason, disabled_at=tx.now)

    async def remove(self, tx: Tx, id: UUID, expect: int | None) -> None:
        """Stop sending, and forget its secrets. The next cleaning deletes its deliveries."""
        target, progress = await self.load(tx, id, expect)
        self.remove_act.check(target, tx.actor, facts=progress)
        await secrets.end(tx, self.channel, id, tx.machine_now)
        await tx.save(self.of, target, self.removed(), state=self.states("removed"))

    async def redeliver(self, tx: Tx, id: UUID, delivery_id: UUID) -> None:
        """Send one delivery again now, whatever its state, with all its tries."""
        target, progress = await self.load(tx, id, None)
        self.redeliver_act.check(target, tx.actor, facts=progress)
        delivery: Attempts = await self.deliveries.get(tx, id, delivery_id)
        await again(tx, self.channel, delivery.id)
        await tx.save(self.of, target, self.redelivered(count=1, delivery_id=delivery.id))

    async def redeliver_many(self, tx: Tx, id: UUID, *, since: datetime, until: datetime, state: DeliveryState) -> int:
        """Send deliveries of a state again that were made from `since` to before `until`: the oldest of them. How many."""
        target, progress = await self.load(tx, id, None)
        self.redeliver_act.check(target, tx.actor, facts=progress)
        count = await again_many(tx, self.channel, id, since=since, until=until, state=state)
        if count:
            await tx.save(self.of, target, self.redelivered(count=count, since=since, until=until))
        return count
