"""Writing the feed: the consumer that appends to it, and deleting what is old."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import orjson
from sqlalchemy import BigInteger, bindparam, delete, func, select, update
from sqlalchemy.dialects.postgresql import insert

from metrics_svc.feed.records import PartTold, Told, belongs_to, parts_told, quote_told, together, told
from metrics_svc.feed.rules import FeedEvent
from metrics_svc.feed.tables import FEED, HEAD, OWNER
from metrics_svc.policy import POLICY
from shared import events
from shared.access.kinds import ACCOUNTS
from shared.access.members import Part
from shared.db.query import Query, columns, is_in, rows_param
from shared.db.tables import MEMBERSHIP, At
from shared.db.tx import Tx
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


_OWNER = OWNER.c.keys()


def _owned(*, known: bool) -> Query[Any]:
    given = rows_param(OWNER, *_OWNER)
    put = insert(OWNER).from_select(_OWNER, select(*[given.c[n] for n in _OWNER]))
    if known:
        said = {n: func.coalesce(put.excluded[n], OWNER.c[n]) for n in _OWNER if n != "owner_id"}
        return Query(put.on_conflict_do_update(index_elements=["id"], set_={**said, "owner_id": put.excluded.owner_id}), int)
    return Query(put.on_conflict_do_nothing(index_elements=["id"]), int)


def _parts() -> tuple[Query[Any], Query[Any], Query[Any]]:
    names = MEMBERSHIP.c.keys()
    given = rows_param(MEMBERSHIP, *names)
    put = insert(MEMBERSHIP).from_select(names, select(*[given.c[n] for n in names])).on_conflict_do_nothing()
    taken = delete(MEMBERSHIP).where(*[MEMBERSHIP.c[n] == given.c[n] for n in names])
    of_owner = delete(MEMBERSHIP).where(MEMBERSHIP.c.part == Part.owner.value, is_in(MEMBERSHIP.c.record_id, "ids"))
    return Query(put, int), Query(taken, int), Query(of_owner, int)


_given = rows_param(FEED, "subject", "belongs_to")
_ADVANCE = _advance()
_OWNED, _INTRODUCED = _owned(known=True), _owned(known=False)
_GIVEN, _TAKEN, _OWNED_BEFORE = _parts()
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
    """Tells it on in the feed and to webhooks."""
    horizon = min(tx.now, tx.machine_now) - timedelta(days=tx.policy(POLICY).feed_days)
    records: list[Told] = []
    parts: dict[tuple[Any, ...], PartTold] = {}
    moved: dict[UUID, UUID | None] = {}
    rows: list[FeedEvent] = []
    for message in messages:
        row, data = _read(message, len(rows) + 1, tx.now)
        if row.recorded_at >= horizon:
            rows.append(row)
        if (record := told(row.type, row.aggregate, row.subject, data)) is not None:
            records.append(record)
        if (quote := quote_told(row.type, row.subject, data)) is not None:
            records.append(quote)
        if (part := parts_told(row.type, row.subject, data)) is not None:
            part = part._replace(part=part.part or Part.creator.value)
            parts[part[:3]] = part
        if row.may_move_others:
            moved[row.subject] = row.belongs_to
    await _keep_records(tx, records)
    for query, these in ((_TAKEN, [p for p in parts.values() if not p.given]), (_GIVEN, [p for p in parts.values() if p.given])):
        if these:
            await tx.run(query, **columns(these, MEMBERSHIP.c.keys()))
    if rows:
        behind = await tx.one(_ADVANCE, n=len(rows), horizon=horizon) - len(rows)
        placed = ((behind + row.position, *row[1:]) for row in rows)
        await tx.copy(FEED.name, placed, _NAMES)
    if moved:  # at the end: what was told in this batch goes with them too
        await tx.run(_MOVED, subject=list(moved), belongs_to=list(moved.values()))


async def _keep_records(tx: Tx, records: Sequence[Told]) -> None:
    for query, introduced in ((_OWNED, False), (_INTRODUCED, True)):
        if found := together(r for r in records if r.introduced is introduced):
            await tx.run(query, **columns(found, _OWNER))
    accounts = together(r for r in records if r.kind == ACCOUNTS.name and not r.introduced)
    if accounts:  # whoever owns an account has a part in it: some roles see its records for that
        await tx.run(_OWNED_BEFORE, ids=[a.id for a in accounts])
        owned = [PartTold(a.id, a.owner_id, Part.owner.value, True) for a in accounts if a.owner_id is not None]
        await tx.run(_GIVEN, **columns(owned, MEMBERSHIP.c.keys()))


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
