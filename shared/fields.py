"""The types that fields of requests have, each declared once: days and times, names and texts, keys and addresses.

Bodies, query parameters and files use the same ones, so that they take the same values and refuse in the same words.
"""

import re
from datetime import date, datetime, time
from enum import Enum
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, BeforeValidator, Field, StringConstraints, WithJsonSchema
from pydantic_core import PydanticCustomError

from shared.clock import EARLIEST, LATEST, YEARS, plausible
from shared.sentences import written
from shared.spelling import SOURCES, tidy

DAY_SAYS = "Write a day as year-month-day, for example 2026-01-31."
TIME_SAYS = "Write a time with its date and zone, for example 2026-01-31T08:00:00Z or 2026-01-31T16:00:00+08:00."

# -- Days and times ----------------------------------------------------------------------------------------------------------

_DAY = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
_TIME = re.compile(r"\d{4}-\d{2}-\d{2}[Tt]\d{2}:\d{2}:\d{2}(\.\d{1,9})?([Zz]|[+-]\d{2}:\d{2})?", re.ASCII)


def read_day(value: Any) -> date:
    """The day that an ISO 8601 text (2026-01-31) names; nothing else is one, above all not a number in quotes."""
    if isinstance(value, date) and not isinstance(value, datetime):
        return value
    if not isinstance(value, str) or not _DAY.fullmatch(value):
        raise PydanticCustomError("day_format", DAY_SAYS)
    try:
        day = date.fromisoformat(value)
    except ValueError:
        raise PydanticCustomError("day_format", "The calendar has no such day.") from None
    if not plausible(day):
        raise PydanticCustomError("day_range", f"Write a day {YEARS}.")
    return day


def read_time(value: Any) -> datetime:
    """The time that an RFC 3339 text names. One without a zone could be anybody's, so it is refused."""
    if isinstance(value, datetime):
        return value
    found = _TIME.fullmatch(value) if isinstance(value, str) else None
    if found is None:
        raise PydanticCustomError("time_format", TIME_SAYS)
    if found[2] is None:
        raise PydanticCustomError("time_zone_missing", "End the time with its zone: Z, or an offset such as +08:00.")
    try:
        at = datetime.fromisoformat(found[0].upper())
    except ValueError:
        raise PydanticCustomError("time_format", "Calendar and clock have no such time.") from None
    if not EARLIEST <= at < LATEST:
        raise PydanticCustomError("time_range", f"Write a time {YEARS}.")
    return at


Day = Annotated[date, BeforeValidator(read_day), Field(description=f"A day {YEARS}, year-month-day.")]
Time = Annotated[datetime, BeforeValidator(read_time), Field(description=f"A time with its zone (RFC 3339), {YEARS}.")]
OfDay = Annotated[time, WithJsonSchema({"type": "string", "pattern": "^[0-9]{2}:[0-9]{2}(:[0-9]{2})?$", "examples": ["09:00:00"]})]
"""A time on the clock of a place. JSON Schema's `time` has an offset of its own."""
When = Annotated[Time | None, Field(description="When it happened, if not now; never in the future.")]

# -- Names and texts ---------------------------------------------------------------------------------------------------------

_EDGES = re.compile(r"^[\s\u00ad\u200b-\u200f\u2060\ufeff]+|[\s\u00ad\u200b-\u200f\u2060\ufeff]+$")
_BREAKS = re.compile(r"[\t\n\v\f\r\x85\u2028\u2029]+")
_UNSEEN = re.compile(r"[\x00-\x1f\x7f-\x9f\u200b\u202a-\u202e\u2060-\u2064\u2066-\u206f\ufeff\ufff9-\ufffb]")
_CONTROL = re.compile(r"[\x00-\x08\x0e-\x1f\x7f]")


def one_line(text: str) -> str:
    """The text as one line without blank edges; a text that shows nothing, or hides something, is refused.

    Joiners (U+200C, U+200D) and marks of direction (U+200E, U+200F) stay inside, because languages need them.
    """
    if text.isprintable():
        return text
    line = _BREAKS.sub(" ", _EDGES.sub("", text))
    _refuse(line, _UNSEEN)
    return line


def some_text(text: str) -> str:
    """The text if it shows something and has no control characters but tabs and line breaks."""
    if not text.isprintable():
        _refuse(text, _CONTROL)
    return text


def _refuse(text: str, hidden: re.Pattern[str]) -> None:
    if not _EDGES.sub("", text):
        raise PydanticCustomError("blank", "Write something that can be read; this is blank.")
    if found := hidden.search(text):
        code = f"U+{ord(found[0]):04X}"
        raise PydanticCustomError("unseen_character", "Leave out the character {code}, which nobody can see.", {"code": code})


_LINE, _TEXT = AfterValidator(one_line), AfterValidator(some_text)


def lines(most: int, least: int = 1) -> StringConstraints:
    return StringConstraints(strip_whitespace=True, min_length=least, max_length=most)


Name = Annotated[str, lines(200), _LINE, AfterValidator(tidy)]
"""As `tidy` shows it, so that two blanks in a row make no other name."""
Short = Annotated[str, lines(80), _LINE]
Source = Annotated[Short, Field(description=f"{', '.join(SOURCES)}, another one of the company's policy, or any other text.")]
"""As it is written: the command that takes it gives it its one form, as the company's policy says."""
Key = Annotated[str, lines(200), _LINE, Field(description="What another system calls it; unique.")]
Email = Annotated[str, lines(320), written(r"^[^@\s]+@[^@\s]+$", "Write an e-mail address, for example ann@acme.example."), _LINE]
Phone = Annotated[str, lines(40, 3), _LINE]
Language = Annotated[
    str, lines(35), written(r"^[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*$", "Write a code of the language, for example de or zh-CN.")
]
Reason = Annotated[str, lines(1000), _TEXT]
Text = Annotated[str, lines(4000), _TEXT]
LongText = Annotated[str, lines(20_000, 0), _TEXT]
Count = Annotated[int, Field(strict=True)]
"""A whole number in a body. A text or a truth value is none, though Python would read them as one."""

# -- Marks --------------------------------------------------------------------------------------------------------------------


class Mark(Enum):
    """What a record's fields say about themselves beside their type: `job_title: Annotated[Name | None, PERSONAL] = None`."""

    PERSONAL = "personal"
    """Personal data, or what a customer said: masked for some roles, who cannot filter, sort or search by it either."""
    SEARCHED = "searched"
    """People find the record by it: the search over all records does, and `q` of its list."""


PERSONAL, SEARCHED = Mark.PERSONAL, Mark.SEARCHED


def personal(fields: type[BaseModel]) -> frozenset[str]:
    """The names of the fields that are marked as personal."""
    return frozenset(name for name, field in fields.model_fields.items() if PERSONAL in field.metadata)


def searched(fields: type[BaseModel]) -> tuple[str, ...]:
    """The names of the fields by which people find the record, in their order."""
    return tuple(name for name, field in fields.model_fields.items() if SEARCHED in field.metadata)
