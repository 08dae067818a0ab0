"""A batch of rows: read into the service's form, and taken by its command.

What cannot be taken costs its row, and no other.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any
from zoneinfo import ZoneInfo

import asyncpg
import structlog
from pydantic import ValidationError

from shared.db.tx import Tx
from shared.imports.amounts import Amounts
from shared.imports.dates import Dates
from shared.imports.importer import Importer
from shared.imports.outcome import Outcome, Problem, Take
from shared.imports.record import Job
from shared.imports.rows import Row
from shared.process.outage import is_outage
from shared.process.settings import Settings
from shared.sentences import sentence
from shared.spelling import compared

log = structlog.get_logger()

Taken = tuple[int, Any]
"""A row in the service's form, with its line."""
Check = Callable[[Sequence[Row], list[Problem]], list[Taken]]
"""The rows that fit the form; what is wrong with the others goes to the list."""


async def take_rows(
    importer: Importer,
    tx: Tx,
    settings: Settings,
    job: Job,
    good: Sequence[Taken],
    problems: Sequence[Problem],
    *,
    carefully: bool = False,
) -> tuple[Outcome, int]:
    """Hand the rows that fit the form to the service's command, in parts without a repeated key.

    The outcome, and how many were refused,
    those with `problems` among them.

    `carefully`: the batch has failed, so each part is halved until the rows that fail are alone.
    """
    total = Outcome(problems=list(problems))
    ours: list[Exception] = []
    take = importer.takes(job.options)
    part: dict[str, Taken] = {}

    async def hand_over() -> None:
        if part:
            given = list(part.values())
            total.add(await (_each(take, tx, settings, job, given, ours) if carefully else take(tx, given, settings)))
            part.clear()

    for line, parsed in good:
        key = getattr(parsed, importer.key)
        if key in part:
            await hand_over()
        part[key] = (line, parsed)
    await hand_over()
    if ours and len(ours) == len(good):
        raise ours[0]  # no row could be taken, and none shows why: then it is not the file
    return total, len({p.line for p in total.problems if p.kind == "refused"})


async def _each(take: Take, tx: Tx, settings: Settings, job: Job, rows: Sequence[Taken], ours: list[Exception]) -> Outcome:
    """Take the rows; where they fail, the two halves of them, down to the row that is refused."""
    try:
        async with tx.savepoint():
            return await take(tx, rows, settings)
    except Exception as error:
        if is_outage(error):
            raise
        if len(rows) == 1:
            ((line, row),) = rows
            log.warning("import_row_refused", things=job.things, job=str(job.id), line=line, error=type(error).__name__)
            problem = _refusal(error, line, row, job)
            if problem.code == NOT_TAKEN:
                ours.append(error)
            return Outcome(problems=[problem])
    middle = len(rows) // 2
    first = await _each(take, tx, settings, job, rows[:middle], ours)
    first.add(await _each(take, tx, settings, job, rows[middle:], ours))
    return first


NOT_TAKEN = "not_taken"
_NO_TEXT = "holds a character that cannot be stored"
_SAYS: tuple[tuple[type[Exception] | tuple[type[Exception], ...], str, str], ...] = (
    (asyncpg.CharacterNotInRepertoireError, "bad_character", _NO_TEXT),
    ((asyncpg.UntranslatableCharacterError, UnicodeError), "bad_character", _NO_TEXT),
    (asyncpg.ProgramLimitExceededError, "too_long", "is too long to be found again"),
    (asyncpg.NumericValueOutOfRangeError, "out_of_range", "a number is larger than can be stored"),
    ((asyncpg.DatetimeFieldOverflowError, OverflowError), "out_of_range", "a time or a number lies outside what can be stored"),
    (asyncpg.StringDataRightTruncationError, "too_long", "a text is longer than its field"),
    (asyncpg.IntegrityConstraintViolationError, "conflict", "contradicts a record that is known already"),
    ((asyncpg.DataError, ArithmeticError, ValueError, LookupError), "bad_value", "a value cannot be stored"),
)  # fmt: skip


def _refusal(error: Exception, line: int, row: Any, job: Job) -> Problem:
    for kinds, code, says in _SAYS:
        if isinstance(error, kinds):
            return Problem(line, _field(code, row), code, says)
    return Problem(line, "", NOT_TAKEN, f"could not be taken; ask those who run Clinch to look for import {job.id} in the log")


def _field(code: str, row: Any) -> str:
    """The field that a refusal is about, where the row shows it."""
    texts: dict[str, str] = {name: value for name, value in row.model_dump().items() if isinstance(value, str)}
    if code == "too_long" and texts:
        return max(texts, key=lambda name: len(texts[name]))
    if code == "bad_character":
        return next((name for name, text in texts.items() if "\0" in text or not _encodable(text)), "")
    return ""


def _encodable(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


# -- Reading -------------------------------------------------------------------------------------------------------------------


def reading(options: Mapping[str, Any], form: Mapping[str, Any], settings: Settings) -> dict[str, Any]:
    """How dates and amounts are read: the context in which a row is validated."""
    zone = ZoneInfo(options["time_zone"])
    return {
        "dates": Dates(tuple(options["date_formats"]), zone, settings.zone, form.get("orders", {})),
        "amounts": Amounts(settings.reporting_currency, options.get("decimal"), form.get("marks", {})),
    }


def checks(importer: Importer, job: Job, settings: Settings) -> Check:
    """A function that tells the rows of one file that fit the form, and lists what is wrong with others."""
    options = job.options
    mapped = (job.form or options)["map"]
    places = [(name, job.columns.index(column)) for name, column in mapped.items()]
    constants, defaults, meanings = options["set"], options.get("defaults") or {}, options.get("values") or {}
    context = reading(options, job.form or {}, settings)
    width = len(job.columns)
    validate = importer.row.model_validate

    def check(rows: Sequence[Row], problems: list[Problem]) -> list[Taken]:
        good: list[Taken] = []
        for line, cells, unread in rows:
            fault = unread or (None if len(cells) == width else _wrong_width(cells, width))
            if fault:
                problems.append(Problem(line, "", "field_count" if unread is None else "unreadable_row", fault))
                continue
            if len(cells) < width:
                cells = cells + [""] * (width - len(cells))
            values = {name: text for name, place in places if (text := cells[place].strip())}
            if defaults:
                values = defaults | values
            values.update(constants)
            for name, meaning in meanings.items():
                if name in values:
                    values[name] = meaning.get(compared(values[name]), values[name])
            context["currency"] = values.get("currency")
            try:
                good.append((line, validate(values, context=context)))
            except ValidationError as error:
                problems += [Problem(line, str(e["loc"][0]) if e["loc"] else "", e["type"], message_of(e)) for e in error.errors()]
            except (ArithmeticError, ValueError, TypeError):
                problems.append(Problem(line, "", "bad_value", "a value cannot be read"))
        return good

    return check


def _wrong_width(cells: Sequence[str], width: int) -> str | None:
    """Cells beyond the header must be empty, cells at the end may be missing; a single cell of many is a line broken in two."""
    if any(cell.strip() for cell in cells[width:]) or (len(cells) == 1 and width > 2):
        return f"the row has {len(cells)} fields, the header {width}"
    return None


def message_of(error: Any) -> str:
    return "is empty, but needed" if error["type"] == "missing" else sentence(error)
