"""The hand-overs that a service has heard of, and how far each is."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import bindparam, func, select, update
from sqlalchemy.dialects.postgresql import insert

from shared.auth.actor import Actor, Role
from shared.db.query import Query
from shared.db.tables import HAND_OVER
from shared.db.tx import Tx
from shared.events.envelope import Envelope
from shared.events.team import HandOverFilter, HandOverMoved, PersonHandedOver
from shared.handover.parts import services_of
from shared.ids import external_id
from shared.log.reactions import on
from shared.log.readers import WHOLE, reacting


@dataclass(frozen=True, slots=True)
class HandOver:
    """What one service has to do of a hand-over, and how far it is. `cursor`, `moved` and `remaining` are by part."""

    id: UUID
    hand_over_id: UUID
    service: str
    number: int
    from_id: UUID
    to_id: UUID
    kinds: list[str]
    filter: dict[str, Any]
    reason: str | None
    told_at: datetime
    actor_id: UUID
    actor_role: str
    correlation_id: str
    event_id: UUID | None = None
    cursor: dict[str, str] = field(default_factory=dict)
    moved: dict[str, int] = field(default_factory=dict)
    remaining: dict[str, int] = field(default_factory=dict)
    started_at: datetime | None = None
    done_at: datetime | None = None
    version: int = 0

    def covers(self, record: Any, account_id: UUID | None) -> bool:
        """Whether a record of an owner, team, source, product and region is among those that go."""
        asked = HandOverFilter.model_validate(self.filter)
        wanted = {n: getattr(asked, n) for n in ("team_id", "region", "product", "source")}
        alike = all(value is None or getattr(record, name) == value for name, value in wanted.items())
        return alike and (asked.account_ids is None or account_id in asked.account_ids)


def part_id(hand_over_id: UUID, service: str) -> UUID:
    """Of a hand-over in one service: the subject of the events that tell how far the service is."""
    return external_id("hand_over", f"{hand_over_id}:{service}")


_NAMES = tuple(HandOver.__dataclass_fields__)
COLUMNS = [HAND_OVER.c[n] for n in _NAMES]
_ADD = Query(insert(HAND_OVER).values({n: bindparam(n) for n in _NAMES}).on_conflict_do_nothing(), HandOver)
_LEARN = Query(
    update(HAND_OVER)
    .where(HAND_OVER.c.id == bindparam("_id"), HAND_OVER.c.version < bindparam("version"))
    .values({n: bindparam(n) for n in ("moved", "remaining", "started_at", "done_at", "version")}),
    HandOver,
)
OF_PERSON = Query(select(*COLUMNS).where(HAND_OVER.c.from_id == bindparam("from_id")).order_by(HAND_OVER.c.number.desc()), HandOver)
LAST_NUMBER = Query(select(func.coalesce(func.max(HAND_OVER.c.number), 0)).where(HAND_OVER.c.from_id == bindparam("from_id")), int)


async def keep(
    tx: Tx, told: PersonHandedOver, service: str, *, at: datetime, by: Actor, correlation_id: str, event_id: UUID | None
) -> None:
    """Keep what a service has to do of a hand-over; nothing where it has none of these kinds."""
    row = HandOver(
        id=part_id(told.hand_over_id, service),
        hand_over_id=told.hand_over_id,
        service=service,
        number=told.number,
        from_id=told.from_id,
        to_id=told.to_id,
        kinds=told.kinds,
        filter=told.filter.model_dump(mode="json", exclude_defaults=True),
        reason=told.reason,
        told_at=at,
        actor_id=by.id,
        actor_role=by.role.value,
        correlation_id=correlation_id,
        event_id=event_id,
    )
    await tx.run(_ADD, **{n: getattr(row, n) for n in _NAMES})


@on(PersonHandedOver)
async def person_handed_over(tx: Tx, e: Envelope[PersonHandedOver]) -> None:
    """Moves the service's own records in batches, as lead-svc does.
    `lead.assigned`, `account.updated`, `deal.updated`, `contract.changed`, and after each batch how far it is: `hand_over.moved`.
    """
    told, service = e.data, tx.context.service
    if service in services_of(told.kinds):
        who = told.actor
        by = Actor.of(who.id, {Role(who.role)}) if who else tx.actor
        await keep(tx, told, service, at=told.recorded_at or e.time, by=by, correlation_id=told.correlation_id or str(e.id), event_id=e.id)


READER = reacting("hand-over", person_handed_over, split_from=(WHOLE,))
"""What deal-svc and contract-svc list among their readers."""


async def learn(tx: Tx, e: Envelope[HandOverMoved]) -> None:
    """Keep in lead-svc how far another service is."""
    told = e.data
    done_at = e.time if told.done else None
    await tx.run(
        _LEARN,
        _id=e.subject,
        moved=told.moved,
        remaining=told.left,
        started_at=told.started_at,
        done_at=done_at,
        version=e.version,
    )
