"""The reader that keeps what deals, quotes and contracts are called, for the search.

It reads the log from its beginning, so what was told before there was an index counts too.
"""

from collections.abc import Sequence
from dataclasses import replace
from uuid import UUID

from sqlalchemy import select

from lead_svc.index.record import Entry
from lead_svc.index.rows import put_heard
from lead_svc.index.tables import ENTRY
from lead_svc.search.told import HEARD, after
from shared.db.query import Query, is_in
from shared.db.tx import Tx
from shared.events.deal import DealOpened
from shared.events.envelope import Envelope, Event
from shared.events.lead import LeadConverted
from shared.log.readers import folding

_KNOWN = Query(select(*[ENTRY.c[name] for name in Entry.__slots__]).where(is_in(ENTRY.c.id, "ids")), Entry)
# Before deals told their names, the conversion of their lead did.
_NAMES = """
SELECT (data->>'deal_id')::uuid AS id, max(data->>'deal_name') AS name FROM event
WHERE subject = ANY($1::uuid[]) AND type = $3 AND (data->>'deal_id')::uuid = ANY($2::uuid[]) GROUP BY 1
"""


async def _hear(tx: Tx, events: Sequence[Envelope[Event]]) -> None:
    """Keeps by what deals, quotes and contracts are found, and who owns them."""
    entries = {one.id: one for one in await tx.all(_KNOWN, ids=list({event.subject for event in events}))}
    changed: set[UUID] = set()
    for event in await _with_names(tx, events):
        if (now := after(entries.get(event.subject), event)) is not None:
            entries[event.subject] = now
            changed.add(event.subject)
    await put_heard(tx, [entries[id] for id in sorted(changed)])


async def _with_names(tx: Tx, events: Sequence[Envelope[Event]]) -> Sequence[Envelope[Event]]:
    unnamed = {
        event.subject: event.data.lead_id
        for event in events
        if isinstance(event.data, DealOpened) and event.data.name is None and event.data.lead_id is not None
    }
    if not unnamed:
        return events
    names = {row["id"]: row["name"] for row in await tx.rows(_NAMES, list(unnamed.values()), list(unnamed), LeadConverted.type)}
    return [
        replace(event, data=event.data.model_copy(update={"name": names[event.subject]}))
        if isinstance(event.data, DealOpened) and event.subject in names
        else event
        for event in events
    ]


READER = folding("search", _hear, HEARD)
