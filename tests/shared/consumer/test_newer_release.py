"""A rolling upgrade: publishers of the new release write while readers of the old one still run (quality.md §2, F14)."""

import json
from typing import Any
from uuid import UUID

from shared.db.tx import Tx
from shared.events.envelope import Envelope, Event
from shared.log.reactions import Reactions, on
from tests.harness import Running
from tests.shared.consumer.log import AT, Log, consume_all, effects, letters, subjects
from tests.shared.notes_service import NoteEdited, NoteWritten

NEW_FIELDS: dict[str, Any] = {"colour": "red", "mentions": [{"person": "ann", "at": [1, 2]}], "schema_hint": None}

heard = list[tuple[UUID, int, str]]()


async def _take(tx: Tx, event: Envelope[Any]) -> None:
    heard.append((event.subject, event.version, event.data.text))
    await tx.execute("INSERT INTO effect (subject, version) VALUES ($1, $2)", event.subject, event.version)


@on(NoteWritten)
async def written(tx: Tx, event: Envelope[NoteWritten]) -> None:
    await _take(tx, event)


@on(NoteEdited)
async def edited(tx: Tx, event: Envelope[NoteEdited]) -> None:
    await _take(tx, event)


def newer(event: Event) -> bytes:
    """The event as the next release writes it: what we know, and more."""
    return json.dumps({**event.model_dump(mode="json"), **NEW_FIELDS}).encode()


async def test_an_old_reader_takes_what_it_knows_of_newer_events_and_passes_over_newer_types(notes: Running, log: Log) -> None:
    for subject in subjects(10):
        log.say(subject, value=newer(NoteWritten(text="a", recorded_at=AT)), ce_newattribute="of the next release")
        log.say(subject, value=b'{"pinned_by": 1}', ce_type="clinch.note.pinned.v1")
        # A breaking change is a new version beside the old one, which is published for one more release (conventions §2).
        log.say(subject, value=b'{"body": {"text": "b"}}', ce_type="clinch.note.edited.v2")
        log.say(subject, NoteEdited(text="b", recorded_at=AT))
    await consume_all(notes, log, Reactions([written, edited]))
    assert await letters(notes) == []
    for subject in log.versions:
        assert [(version, text) for of, version, text in heard if of == subject] == [(1, "a"), (4, "b")]
        assert await effects(notes, subject) == [1, 4]


async def test_the_new_reader_goes_on_where_the_old_one_was(notes: Running, log: Log) -> None:
    """What the old one passed over counts as read: who needs it now reads the log anew, as the rebuild of the figures does."""
    [subject] = subjects(1)
    log.say(subject)
    log.say(subject, NoteEdited(text="b", recorded_at=AT))
    await consume_all(notes, log, Reactions([written]))
    log.say(subject, NoteEdited(text="c", recorded_at=AT))
    await consume_all(notes, log, Reactions([written, edited]))
    assert await effects(notes, subject) == [1, 3]
    assert await letters(notes) == []
