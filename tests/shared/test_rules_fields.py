"""The types of fields: what each takes, and what it says to the rest."""

from datetime import UTC, date, datetime
from typing import Any

import pytest
from pydantic import TypeAdapter, ValidationError

from shared.fields import Count, Day, Email, Key, LongText, Name, Phone, Text, Time


def refused(kind: Any, value: object) -> str:
    """The code of the refusal."""
    with pytest.raises(ValidationError) as found:
        TypeAdapter(kind).validate_python(value)
    return found.value.errors()[0]["type"]


def taken(kind: Any, value: object) -> Any:
    return TypeAdapter(kind).validate_python(value)


@pytest.mark.parametrize(
    ("text", "at"),
    [
        ("2026-01-31T08:00:00Z", datetime(2026, 1, 31, 8, tzinfo=UTC)),
        ("2026-01-31t08:00:00z", datetime(2026, 1, 31, 8, tzinfo=UTC)),
        ("2026-01-31T16:00:00+08:00", datetime(2026, 1, 31, 8, tzinfo=UTC)),
        ("2026-01-31T08:00:00.1234567-00:00", datetime(2026, 1, 31, 8, microsecond=123456, tzinfo=UTC)),
        ("1970-01-01T00:00:00Z", datetime(1970, 1, 1, tzinfo=UTC)),
        ("2200-12-31T23:59:59Z", datetime(2200, 12, 31, 23, 59, 59, tzinfo=UTC)),
    ],
)
def test_a_time_is_what_rfc_3339_says(text: str, at: datetime) -> None:
    assert taken(Time, text) == at


@pytest.mark.parametrize(
    ("value", "code"),
    [
        ("20250101", "time_format"),
        ("1735689600", "time_format"),
        (1735689600, "time_format"),
        (True, "time_format"),
        ("", "time_format"),
        ("2026-01-31", "time_format"),
        ("2026-01-31 08:00:00Z", "time_format"),
        ("2026-01-31T08:00Z", "time_format"),
        ("2026-01-31T08:00:00+0800", "time_format"),
        ("２０２６-01-31T08:00:00Z", "time_format"),
        ("2026-02-30T08:00:00Z", "time_format"),
        ("2026-01-31T25:00:00Z", "time_format"),
        ("2026-01-31T08:00:00", "time_zone_missing"),
        ("0001-01-01T00:00:00+14:00", "time_range"),
        ("1969-12-31T23:59:59Z", "time_range"),
        ("2200-12-31T23:59:59-01:00", "time_range"),
        ("9999-12-31T23:59:59-14:00", "time_range"),
    ],
)
def test_nothing_else_is_a_time(value: object, code: str) -> None:
    assert refused(Time, value) == code


def test_a_day_is_what_iso_8601_says() -> None:
    assert taken(Day, "2026-01-31") == date(2026, 1, 31)
    assert taken(Day, "1970-01-01") == date(1970, 1, 1)
    assert taken(Day, "2200-12-31") == date(2200, 12, 31)


@pytest.mark.parametrize(
    ("value", "code"),
    [
        ("20260131", "day_format"),
        ("1735689600", "day_format"),
        (1735689600, "day_format"),
        ("2026-1-31", "day_format"),
        ("2026-W05-6", "day_format"),
        ("2026-01-31T00:00:00Z", "day_format"),
        ("31.01.2026", "day_format"),
        ("2026-02-29", "day_format"),
        ("1969-12-31", "day_range"),
        ("2201-01-01", "day_range"),
    ],
)
def test_nothing_else_is_a_day(value: object, code: str) -> None:
    assert refused(Day, value) == code


@pytest.mark.parametrize("value", [True, False, "1", "", 1.5, None])
def test_only_a_whole_number_is_a_count(value: object) -> None:
    assert taken(Count, 0) == 0
    assert refused(Count, value) == "int_type"


@pytest.mark.parametrize("kind", [Name, Key, Phone])
@pytest.mark.parametrize("blank", ["", "   ", "\u200b\u200b\u200b", "\u3000", " \ufeff\t\n \u2060 "])
def test_a_name_shows_something(kind: Any, blank: str) -> None:
    assert refused(kind, blank) in ("string_too_short", "blank")


@pytest.mark.parametrize("hidden", ["\x07", "\x00", "\x1b", "\u202e", "\u2066", "\ufeff", "\u200b"])
def test_a_name_hides_nothing(hidden: str) -> None:
    assert refused(Name, f"Acme{hidden}Ltd") == "unseen_character"


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("  Acme Ltd ", "Acme Ltd"),
        ("\u3000株式会社\u3000アクメ\u3000", "株式会社\u3000アクメ"),
        ("Acme  Ltd", "Acme Ltd"),
        ("Acme\u00a0Ltd", "Acme Ltd"),
        ("Zoe\u0308", "Zo\u00eb"),
        ("Acme\u200b", "Acme"),
        ("Acme\r\nLtd", "Acme Ltd"),
        ("می\u200cخواهم", "می\u200cخواهم"),
        ("👩\u200d👩\u200d👧", "👩\u200d👩\u200d👧"),
        ("Zoë", "Zoë"),
    ],
)
def test_names_of_all_languages_are_kept_without_blank_edges(given: str, kept: str) -> None:
    assert taken(Name, given) == kept


def test_a_text_has_lines_but_no_control_characters() -> None:
    assert taken(Text, " first\n\tsecond ") == "first\n\tsecond"
    assert refused(Text, "a\x00b") == "unseen_character"
    assert refused(Text, " \n ") == "string_too_short"
    assert taken(LongText, "") == ""


def test_an_address_is_one() -> None:
    assert taken(Email, " ann@acme.example ") == "ann@acme.example"
    assert refused(Email, "ann at acme") == "string_pattern_mismatch"
    assert refused(Email, "ann\u202e@acme.example") == "unseen_character"
