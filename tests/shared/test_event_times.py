"""Times that nobody can reckon with: refused when told, parked when read, whoever wrote them."""

from datetime import UTC, datetime, timedelta, timezone

import pytest

from shared.errors import Invalid
from shared.events.envelope import decode
from shared.ids import new_id
from tests.harness import Running
from tests.shared.notes_service import NOTES, Note, NoteWritten

EAST = timezone(timedelta(hours=14))
ODD = [
    datetime.min.replace(tzinfo=UTC),
    datetime.min.replace(tzinfo=EAST),
    datetime(1969, 12, 31, 23, 59, 59, tzinfo=UTC),
    datetime(2201, 1, 1, tzinfo=UTC),
    datetime.max.replace(tzinfo=UTC),
    datetime(2026, 1, 1, tzinfo=UTC).replace(tzinfo=None),
]


@pytest.mark.parametrize("at", ODD, ids=str)
@pytest.mark.parametrize("many", [1, 2, 30])
async def test_an_event_of_such_a_time_is_refused_when_it_is_told_and_nothing_is_written(notes: Running, at: datetime, many: int) -> None:
    """Alone, by lists, and by COPY."""
    good = datetime(2026, 1, 1, tzinfo=UTC)
    rows = [(Note(new_id(), 0, "a", good), [(NoteWritten(text="a"), at if n == many - 1 else good)]) for n in range(many)]
    with pytest.raises(Invalid, match="write a time from 1970 to 2200"):
        async with notes.transaction() as tx:
            await tx.add_many(NOTES, rows)
    assert await notes.told() == []
    async with notes.db.connection() as conn:
        assert await conn.fetchval("SELECT count(*) FROM note") == 0


@pytest.mark.parametrize("at", [datetime(1970, 1, 1, tzinfo=UTC), datetime(2200, 12, 31, 23, 59, 59, tzinfo=UTC)], ids=str)
async def test_the_first_and_the_last_time_that_can_be_told(notes: Running, at: datetime) -> None:
    async with notes.transaction() as tx:
        await tx.add(NOTES, Note(new_id(), 0, "a", at), NoteWritten(text="a"), at=at)
    [told] = await notes.told()
    assert told.time == at


@pytest.mark.parametrize("text", ["0001-01-01T00:00:00Z", "9999-12-31T23:59:59Z", "2026-01-01T00:00:00", "-infinity", "yesterday", ""])
def test_an_event_of_such_a_time_cannot_be_read(text: str) -> None:
    headers = {"ce_type": NoteWritten.type, "ce_id": str(new_id()), "ce_subject": str(new_id()), "ce_sequence": "1", "ce_time": text}
    with pytest.raises(ValueError, match=r"time|isoformat"):
        decode(headers, b'{"text": "a"}')


def test_what_was_told_before_there_was_a_limit_can_still_be_read() -> None:
    headers = {"ce_type": NoteWritten.type, "ce_id": str(new_id()), "ce_subject": str(new_id()), "ce_sequence": "1"}
    read = decode({**headers, "ce_time": "1899-12-30T00:00:00Z"}, b'{"text": "a"}')
    assert read is not None
    assert read.time.year == 1899
