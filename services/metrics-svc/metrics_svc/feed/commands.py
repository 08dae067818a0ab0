"""Writing the feed: the consumer that appends to it, and deleting what is old."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import orjson
from sqlalchemy import BigInteger, bindparam, func, select, update
from sqlalchemy.dialects.postgresql import insert

from metrics_svc.feed.rules import FeedEvent, belongs_to, owner_told
from metrics_svc.feed.tables import FEED, HEAD, OWNER
from metrics_svc.settings import MetricsSettings
from shared import events
from shared.db.query import Query, rows_param
from shared.db.tables import At
from shared.db.tx import Tx
from shared.events import contract, deal, lead, metrics, policy  # noqa: F401  (their events are in the registry then)
from shared.events.envelope import REGISTRY, read_time, structured, topic
from shared.ids import read_id
from shared.log.bus import Delivered
from shared.log.inbox import stamp
from shared.log.reactions import Verbatim

KNOWN = {event.type: event.aggregate for event in REGISTRY.values() if event.__module__.startswith(events.__name__)}
"""Every type of the contract, with its aggregate."""
TOPICS = sorted(map(topic, set(KNOWN.values())))
NAME = "feed"

_NAMES = FeedEvent._fields


def _advance() -> Query[int]:
    """Moves the head by `n` and gives the last position. Its row stays locked until the commit, so none is seen before a lower one."""
    n, horizon = bindparam("n", type_=BigInteger), bindparam("horizon", type_=At)
    head = insert(HEAD).values(name=NAME, latest=n, oldest=0, horizon=horizon)
    moved = head.on_conflict_do_update(
        index_elements=["name"],
        set_={
            "latest": HEAD.c.latest + head.excluded.latest,
            "horizon": func.greatest(HEAD.c.horizon, head.excluded.horizon),
        },
    )
    return Query(moved.returning(HEAD.c.latest), int)


def _owned(*, known: bool) -> Query[Any]:
    given = rows_param(OWNER, "id", "owner_id")
    put = insert(OWNER).from_select(["id", "owner_id"], select(given.c.id, given.c.owner_id))
    if known:
        return Query(put.on_conflict_do_update(index_elements=["id"], set_={"owner_id": put.excluded.owner_id}), int)
    return Query(put.on_conflict_do_nothing(index_elements=["id"]), int)


_given = rows_param(FEED, "subject", "belongs_to")
_ADVANCE = _advance()
_OWNED, _INTRODUCED = _owned(known=True), _owned(known=False)
_MOVED = Query(
    update(FEED).values(belongs_to=_given.c.belongs_to).where(FEED.c.subject == _given.c.subject, FEED.c.belongs_to != _given.c.belongs_to),
    int,
)
_FORGET = """
WITH lowest AS (SELECT position, recorded_at FROM feed ORDER BY position LIMIT $2),
  old AS (
    SELECT max(position) AS upto FROM lowest
    WHERE position < coalesce((SELECT min(position) FROM lowest WHERE recorded_at >= $1), 9223372036854775807)
  ),
  gone AS (DELETE FROM feed USING old WHERE position <= old.upto RETURNING 1)
UPDATE feed_head SET oldest = greatest(oldest, old.upto), horizon = greatest(horizon, $1)
FROM old WHERE old.upto IS NOT NULL RETURNING (SELECT count(*) FROM gone)
"""


async def _fold(tx: Tx, messages: Sequence[Delivered]) -> None:
    """Append new events. Those recorded before the horizon are read for their owners only."""
    horizon = min(tx.now, tx.machine_now) - timedelta(days=MetricsSettings.of(tx.settings).feed_days)
    owners: dict[UUID, UUID | None] = {}
    introduced: dict[UUID, UUID | None] = {}
    moved: dict[UUID, UUID | None] = {}
    rows: list[FeedEvent] = []
    for message in messages:
        row, data = _read(message, len(rows) + 1, tx.now)
        if row.recorded_at >= horizon:
            rows.append(row)
        if row.belongs_to is not None and (told := owner_told(row.type, data)) is not None:
            # A part tells the owner of the whole as it was then: worth knowing until the whole speaks for itself, in a topic of its own.
            (owners if row.belongs_to == row.subject else introduced)[row.belongs_to] = told[0]
        if row.may_move_others:
            moved[row.subject] = row.belongs_to
    for query, found in ((_OWNED, owners), (_INTRODUCED, introduced)):
        if found:  # in the order of the ids: parts and wholes are told in topics of their own, and must not wait for each other
            await tx.run(query, id=sorted(found), owner_id=[found[id] for id in sorted(found)])
    if rows:
        behind = await tx.one(_ADVANCE, n=len(rows), horizon=horizon) - len(rows)
        placed = ((behind + row.position, *row[1:]) for row in rows)
        await tx.copy(FEED.name, placed, _NAMES)
    if moved:  # at the end: what was told in this batch goes with them too
        await tx.run(_MOVED, subject=list(moved), belongs_to=list(moved.values()))


feed = Verbatim(_fold)


def _read(message: Delivered, n: int, now: datetime) -> tuple[FeedEvent, dict[str, Any]]:
    """The row of a message, at the `n`th place behind the head, and its data. ValueError when it is no event."""
    subject, version = stamp(message.headers)
    data = orjson.loads(message.value)
    if not isinstance(data, dict):
        raise ValueError("the value is not a JSON object")
    type, aggregate = message.headers["ce_type"], message.topic.split(".")[1]
    recorded = data.get("recorded_at")
    row = FeedEvent(
        position=n,
        event_id=read_id(message.headers["ce_id"]),
        type=type,
        aggregate=aggregate,
        subject=subject,
        version=version,
        time=read_time(message.headers["ce_time"]),
        recorded_at=read_time(recorded) if recorded else now,
        belongs_to=belongs_to(aggregate, subject, data),
        event=structured(message.headers, message.value),
    )
    return row, data


async def forget(tx: Tx, before: datetime, step: int) -> int:
    """Delete events recorded `before`, the lowest positions first and `step` at most; how many these were."""
    return int(await tx.value(_FORGET, before, step) or 0)
