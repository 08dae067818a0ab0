"""What a consumer has dealt with, by the version of each aggregate: tells news from duplicates and gaps."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from uuid import UUID

from shared.db.tx import Tx
from shared.events.envelope import Envelope, Event, decode
from shared.ids import read_id
from shared.log.bus import Delivered

BEHIND = "waits behind an earlier event of the same subject"

# Under all names that the reader has had: a name that is over is at no higher version than the one after it.
_STATE = """
SELECT s.subject, d.subject IS NOT NULL AS held,
       (SELECT max(c.version) FROM consumer_seen c WHERE c.consumer = ANY($1::text[]) AND c.subject = s.subject) AS version
FROM unnest($2::uuid[]) AS s(subject)
LEFT JOIN (SELECT DISTINCT subject FROM dead_letter WHERE consumer = $3 AND settled_at IS NULL) d ON d.subject = s.subject::text
"""
_SAW = """
INSERT INTO consumer_seen (consumer, subject, version) SELECT $1, * FROM unnest($2::uuid[], $3::bigint[])
ON CONFLICT (consumer, subject) DO UPDATE SET version = excluded.version
"""


@dataclass(slots=True)
class Sorted:
    """A batch after comparison with what was seen."""

    fresh: list[Envelope[Event]] = field(default_factory=list)
    """To be handled, in log order."""
    news: list[Delivered] = field(default_factory=list)
    """The messages that were not seen before, of unwanted and unknown types too, in log order."""
    seen: dict[UUID, int] = field(default_factory=dict)
    """The versions that will have been dealt with then, those of unwanted types included."""
    unfit: list[tuple[Delivered, str]] = field(default_factory=list)
    """To be parked, with the reason: what cannot be read, what comes after a gap, what waits behind another one."""


def stamp(headers: Mapping[str, str]) -> tuple[UUID, int]:
    """Subject and version, from the headers alone. Raises ValueError when they cannot be read."""
    try:
        subject, sequence, _ = read_id(headers["ce_subject"]), headers["ce_sequence"], headers["ce_type"]
    except KeyError as missing:
        raise ValueError(f"the message has no header {missing}") from None
    except ValueError:
        raise ValueError("the header ce_subject is not a UUID") from None
    # Zero-padded to 19 digits; dead letters are put in order by the text.
    if not (len(sequence) == 19 and sequence.isascii() and sequence.isdigit() and 0 < int(sequence) < 2**63):
        raise ValueError("the header ce_sequence is not a version of 19 digits")
    return subject, int(sequence)


def gap(seen: int | None, version: int) -> str | None:
    """The error of the log when an aggregate's version follows the one before the last."""
    if seen is None or version <= seen + 1:
        return None
    return f"a gap in the log: version {version} came after {seen}; the events between them are missing"


def read(headers: Mapping[str, str], value: bytes, types: frozenset[str] | None, subject: UUID) -> Envelope[Event] | None:
    """The event; None for a type that is unwanted or unknown, without a look at its value. Raises ValueError."""
    if types is not None and headers["ce_type"] not in types:
        return None
    return decode(headers, value, subject)


def subject_of(headers: Mapping[str, str]) -> str:
    """The subject of a message that may be unreadable: its id where it has one, else the header's text, or `unknown`."""
    given = headers.get("ce_subject", "unknown")
    try:
        return str(UUID(given))
    except ValueError:
        return given


async def sort(tx: Tx, consumer: str, messages: Sequence[Delivered], types: frozenset[str] | None, *, former: Sequence[str] = ()) -> Sorted:
    """Compare a batch with what was seen, also under the `former` names, and with the dead letters that are open."""
    stamps = [_stamp_or_error(message) for message in messages]
    state = await tx.rows(_STATE, [consumer, *former], list({s[0] for s in stamps if not isinstance(s, str)}), consumer)
    seen: dict[UUID, int] = {row["subject"]: row["version"] for row in state if row["version"] is not None}
    held = {str(row["subject"]) for row in state if row["held"]}
    result = Sorted()
    for message, stamped in zip(messages, stamps, strict=True):
        try:
            if isinstance(stamped, str):
                raise ValueError(stamped)
            subject, version = stamped
            before = seen.get(subject)
            if before is not None and version <= before:
                continue
            if held and str(subject) in held:
                raise ValueError(BEHIND)
            if missing := gap(before, version):
                raise ValueError(missing)
            event = read(message.headers, message.value, types, subject)
        except ValueError as error:
            held.add(subject_of(message.headers))
            result.unfit.append((message, str(error)))
            continue
        seen[subject] = result.seen[subject] = version
        result.news.append(message)
        if event is not None:
            result.fresh.append(event)
    return result


def _stamp_or_error(message: Delivered) -> tuple[UUID, int] | str:
    try:
        return stamp(message.headers)
    except ValueError as error:
        return str(error)


async def saw(tx: Tx, consumer: str, seen: Mapping[UUID, int]) -> None:
    if seen:
        await tx.execute(_SAW, consumer, list(seen), list(seen.values()))
