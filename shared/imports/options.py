"""How a file is to be read and what its cells mean, checked before anything is stored."""

from collections.abc import Collection, Mapping, Sequence
from typing import Annotated, Any, Literal
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, BaseModel, Field, ValidationError

from shared.auth import Actor
from shared.errors import Invalid
from shared.imports.dates import wrong_format
from shared.imports.encoding import ENCODINGS
from shared.imports.importer import Importer
from shared.imports.mapping import pairs
from shared.imports.taking import message_of, reading
from shared.process.settings import Settings
from shared.spelling import compared

_LONGEST = 20_000
"""Characters of all options together: they are kept with the job."""


def _known_encoding(name: str) -> str:
    if name not in ENCODINGS:
        raise ValueError(f"not an encoding that is read; write one of {', '.join(ENCODINGS)}")
    return name


OneOfEncodings = Annotated[str, AfterValidator(_known_encoding), Field(json_schema_extra={"enum": list(ENCODINGS)})]


class Options(BaseModel):
    """How the file is to be read; what is not given is found out."""

    map: list[str] = Field([], description="`field=column`: which column fills which field. Columns named like a field need none.")
    set: list[str] = Field([], description="`field=value`: the same value for every row.")
    default: list[str] = Field([], description="`field=value`: the value where the cell is empty.")
    value: list[str] = Field(
        [], description="`field:text=value`: what a text of the file stands for, in any case: `stage:Negotiation/Review=negotiation`."
    )
    encoding: OneOfEncodings | None = None
    delimiter: Literal[",", ";", "\t", "|"] | None = None
    sheet: str | None = Field(None, description="The sheet of a workbook; the first by default.")
    decimal: Literal[".", ","] | None = Field(None, description="The decimal mark of amounts; the other one groups digits.")
    date_format: list[str] = Field(
        [], description="strptime formats of the file's dates, or `excel` for serial numbers; ISO 8601 and other clear ones need none."
    )
    time_zone: str | None = Field(
        None, description="IANA zone of times that name none; the company's by default. A day without a time is a day of the company's."
    )


class WorkingOptions(Options):
    """For records that there is something to do about."""

    work: bool = Field(False, description="Rows start tasks, such as a deal's next step. By default an import starts none.")


class CorrectingOptions(WorkingOptions):
    """For records whose history an import may tell again."""

    correct: bool = Field(False, description="Replace the known history of records that no person has touched since they were imported.")


def options_of(importer: Importer) -> type[Options]:
    """What may be asked of this importer."""
    if importer.correct is not None:
        return CorrectingOptions
    return WorkingOptions if importer.work else Options


_STORED = {"value": "values", "default": "defaults", "date_format": "date_formats"}
"""Options that are kept under another name than they are given by."""


def chosen(importer: Importer, given: Options, settings: Settings, by: Actor, before: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """The options as a job keeps them. What is not given stays as it was `before`.

    `Invalid`, `Forbidden`.
    """
    _plain(given)
    options: dict[str, Any] = {
        "map": pairs(given.map, "map", importer.fields),
        "set": pairs(given.set, "set", importer.fields),
        "defaults": pairs(given.default, "default", importer.fields),
        "values": values_of(given.value, importer.fields),
        "correct": isinstance(given, CorrectingOptions) and given.correct,
        "work": isinstance(given, WorkingOptions) and given.work,
        "encoding": given.encoding,
        "delimiter": given.delimiter,
        "sheet": given.sheet,
        "decimal": given.decimal,
        "date_formats": _formats(given.date_format),
        "time_zone": _zone(given.time_zone or settings.time_zone),
    }
    if before is not None:
        changed = {_STORED.get(name, name) for name in given.model_fields_set}
        options |= {name: value for name, value in before.items() if name not in changed}
    if options["correct"]:
        importer.acts.correct.permit(by)
    _fit(importer, options, settings)
    return options


def values_of(given: Sequence[str], fields: Collection[str]) -> dict[str, dict[str, str]]:
    """`field:text=value`; the last `=` separates, because a text of the file may hold one."""
    found: dict[str, dict[str, str]] = {}
    for text in given:
        name, colon, rest = text.partition(":")
        written, equals, value = rest.rpartition("=")
        if not colon or not equals or not written.strip() or not value:
            raise Invalid("Write value as field:text=value, for example stage:Closed Won=won.", pointer="value", code="bad_pair")
        if name not in fields:
            raise Invalid(f"There is no such field; the fields are {', '.join(fields)}.", pointer="value", code="unknown_field")
        found.setdefault(name, {})[compared(written)] = value
    return found


def _plain(given: Options) -> None:
    texts = [
        text for value in given.model_dump().values() for text in (value if isinstance(value, list) else [value]) if isinstance(text, str)
    ]
    if sum(map(len, texts)) > _LONGEST:
        raise Invalid(f"The options are longer than {_LONGEST:,} characters.", pointer="query", code="string_too_long")
    for text in texts:
        if "\0" in text or (not text.isascii() and any("\ud800" <= letter <= "\udfff" for letter in text)):
            raise Invalid("An option holds a character that no text has.", pointer="query", code="bad_character")


def _zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        raise Invalid("There is no such time zone; write for example Asia/Shanghai.", pointer="time_zone", code="unknown_zone") from None
    return name


def _formats(given: Sequence[str]) -> list[str]:
    for form in given:
        if wrong := wrong_format(form):
            raise Invalid(f"The date format {wrong}.", pointer="date_format", code="bad_format")
    return list(given)


def _fit(importer: Importer, options: Mapping[str, Any], settings: Settings) -> None:
    """A value that no row could have is refused now, not once per row."""
    for what in ("set", "defaults"):
        _fits(importer, options, options[what], what.removesuffix("s"), settings)
    for name, meanings in options["values"].items():
        for value in meanings.values():
            _fits(importer, options, {name: value}, "value", settings)


def _fits(importer: Importer, options: Mapping[str, Any], given: Mapping[str, str], what: str, settings: Settings) -> None:
    context = reading(options, {}, settings) | {"currency": given.get("currency") or options["set"].get("currency")}
    try:
        importer.row.model_validate(given, context=context)
    except ValidationError as error:
        for wrong in error.errors():
            if wrong["loc"] and wrong["loc"][0] in given and wrong["type"] != "missing":
                raise Invalid(f"{wrong['loc'][0]}: {message_of(wrong)}", pointer=what, code="bad_value") from None
    except (ArithmeticError, ValueError, TypeError):
        raise Invalid(f"No row can have this value of {', '.join(given)}.", pointer=what, code="bad_value") from None
