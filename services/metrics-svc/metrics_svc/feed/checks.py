"""What `clinch verify` asks of the feed: that it holds the log, and that its positions have no gap."""

from collections.abc import AsyncIterator, Sequence
from typing import Any
from uuid import UUID

import orjson

from metrics_svc.feed.commands import TOPICS
from shared.log.bus import Bus, Delivered
from shared.verify import PIECE, Check, Finding

CHECKS = (
    Check(
        6,
        "the feed's positions have no gap",
        "SELECT h.latest FROM feed_head h, (SELECT count(*) AS n, min(position) AS first, max(position) AS last FROM feed) f "
        "WHERE f.n <> h.latest - h.oldest OR f.first <> h.oldest + 1 OR f.last <> h.latest",
    ),
    Check(
        6,
        "each record's events are in the feed in the order of their versions",
        "SELECT subject FROM (SELECT subject, version - lag(version) OVER (PARTITION BY subject ORDER BY position) AS step FROM feed) s "
        "WHERE step <> 1 AND NOT EXISTS (SELECT FROM dead_letter WHERE consumer = 'feed' AND dead_letter.subject = s.subject::text "
        "AND outcome = 'redriven' AND error LIKE 'a gap in the log%')",  # who redrives such a letter accepts the gap
    ),
)
_MISSING = """
SELECT n FROM unnest($1::uuid[], $2::bigint[], $3::uuid[]) WITH ORDINALITY AS told(subject, version, event_id, n)
LEFT JOIN feed USING (subject, version) WHERE feed.event_id IS DISTINCT FROM told.event_id
"""


async def in_the_feed(conn: Any, bus: Bus) -> AsyncIterator[Finding]:
    """Each event of the log once, except for what was recorded before the horizon. A second time its version is taken already."""
    horizon = await conn.fetchval("SELECT horizon::text FROM feed_head")
    missing: list[str] = []
    looked_at = 0
    ends = await bus.end_offsets(TOPICS)
    for (name, partition), offset in (await bus.beginning_offsets(TOPICS)).items():
        while offset < ends[name, partition] and (batch := await bus.read(name, partition, offset, PIECE)):
            offset, looked_at = batch[-1].offset + 1, looked_at + len(batch)
            for row in await conn.fetch(_MISSING, *_stamps(batch)):
                message = batch[row["n"] - 1]
                recorded = orjson.loads(message.value).get("recorded_at")
                if not await conn.fetchval("SELECT $1::text::timestamptz < $2::text::timestamptz", recorded, horizon):
                    missing.append(f"{message.headers['ce_id']}")
    yield Finding(5, "each event of the log is in the feed", len(missing), tuple(missing[:5]), looked_at)


def _stamps(batch: Sequence[Delivered]) -> list[list[Any]]:
    headers = [message.headers for message in batch]
    return [[UUID(h["ce_subject"]) for h in headers], [int(h["ce_sequence"]) for h in headers], [UUID(h["ce_id"]) for h in headers]]
