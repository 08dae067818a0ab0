"""Days and times in the rows of a file, as people write them."""

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta, timezone, tzinfo
from typing import Annotated, Any

from pydantic import BeforeValidator, ValidationInfo

from shared.calendar import day_of, start_of
from shared.clock import YEARS, plausible
from shared.imports.kinds import DATE

EXCEL = {"excel": date(1899, 12, 30), "excel-1904": date(1904, 1, 1)}
"""Named like a format: the day that a workbook's serial numbers count from."""
ORDERS = {"dmy": "day first", "mdy": "month first", "ymd": "year first"}
CLEAR = "clear"
"""The order of what is clear by itself, such as 2026/1/31."""
HOW = "write 2026-01-31 or 2026-01-31 14:05:00, or give date_format"
_KEPT = 20_000
_MONTHS = {name: n for n, name in enumerate(["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"], 1)}
_HALF = r"[AaPp]\.?\s?[Mm]\.?|上午|下午|午前|午後|오전|오후"
_TIME = (
    rf"(?:(?:\s*T\s*|,?\s+|(?<=日))(?P<before>上午|下午|午前|午後|오전|오후)?\s*(?P<h>\d{{1,2}})[:.時时点](?P<m>\d{{2}})"
    rf"(?:[:.分](?P<sec>\d{{2}})秒?(?:[.,](?P<fraction>\d{{1,9}}))?)?分?\s*(?P<after>{_HALF})?"
    r"\s*(?P<zone>Z|UTC|GMT)?\s*(?P<offset>[+-]\d{1,2}(?::?\d{2})?)?)?"
)
_WEEKDAY = r"(?:(?:mon|tue|wed|thu|fri|sat|sun)[a-z]*\.?,?\s+)?"
_NUMBERS = re.compile(
    rf"{_WEEKDAY}(?P<a>\d{{1,4}})\s?(?P<s>[-/.年])\s?(?P<b>\d{{1,2}})\s?(?:(?P=s)|月)\s?(?P<c>\d{{1,4}})(?:\s?[日号]|\.)?{_TIME}",
    re.ASCII | re.IGNORECASE,
)
_NAMED = re.compile(
    rf"{_WEEKDAY}(?:(?P<d>\d{{1,2}})(?:st|nd|rd|th|\.)?[\s/-]?(?P<mon>[a-z]{{3,9}})\.?,?[\s/-]?|(?P<mon2>[a-z]{{3,9}})\.?\s(?P<d2>\d{{1,2}})(?:st|nd|rd|th)?,?\s)"
    rf"(?P<y>\d{{4}}|\d{{2}}){_TIME}",
    re.ASCII | re.IGNORECASE,
)
_COMPACT = re.compile(r"((?:19|20|21)\d\d)(\d\d)(\d\d)", re.ASCII)
_SERIAL = re.compile(r"\d{1,6}(?:\.\d{1,15})?", re.ASCII)


@dataclass(frozen=True, slots=True)
class Dates:
    """How the dates of one file are read.

    `zone` is of times that name none. A day without a time is a day in the company's calendar, and begins at midnight there. A time that a
    change of clocks leaves out is read by the clock before it, a time that comes twice is the first.
    """

    formats: tuple[str, ...] = ()
    zone: tzinfo = UTC
    company: tzinfo = UTC
    orders: Mapping[str, str] = field(default_factory=dict)
    """By field: the order of day and month that the whole file shows."""
    _seen: dict[tuple[str, str], datetime] = field(default_factory=dict, repr=False, compare=False)

    def read(self, value: str, name: str = "") -> datetime:
        """The time in UTC. `ValueError` for what is none, or is not clear."""
        known = self._seen.get((name, value))
        if known is None:
            known = self._moment(self._found(value, name))
            if len(self._seen) < _KEPT:
                self._seen[(name, value)] = known
        return known

    def day(self, value: str, name: str = "") -> date:
        """The day as it is written; of a time that names its zone, the day in the company's calendar."""
        found = self._found(value, name)
        if isinstance(found, datetime):
            found = day_of(found, self.company) if found.tzinfo and plausible(found) else found.date()
        if not plausible(found):
            raise ValueError(_OUTSIDE)
        return found

    def _moment(self, found: date) -> datetime:
        try:
            if not isinstance(found, datetime):
                moment = start_of(found, self.company)
            else:
                moment = (found if found.tzinfo else found.replace(tzinfo=self.zone)).astimezone(UTC)
        except OverflowError:
            raise ValueError(_OUTSIDE) from None
        if not plausible(moment):
            raise ValueError(_OUTSIDE)
        return moment

    def _found(self, value: str, name: str) -> date:
        """A `date` where no time is written, else a `datetime`, with its zone if it names one."""
        for form in self.formats:
            found = _by_format(value, form)
            if found is not None:
                return found
        found = iso(value)
        if found is not None and not any("%Y-%d" in form for form in self.formats):
            return found
        if self.formats:
            raise ValueError(f"not a date in the given format ({' or '.join(self.formats)})")
        return self._as_people_write(value, name)

    def _as_people_write(self, value: str, name: str) -> date:
        readings = readings_of(value)
        if not readings:
            raise ValueError(f"not a date that is clear without its format; {HOW}")
        order = self.orders.get(name) or ("dmy" if "." in value and "ymd" not in readings else "")
        chosen = readings.get(order) if len(readings) > 1 else next(iter(readings.values()))
        if chosen is None:
            which = " or ".join(ORDERS[order] for order in readings)
            raise ValueError(f"not a date that is clear without its format: it may be {which}; {HOW}")
        return chosen


_OUTSIDE = f"days and times lie in the years {YEARS}"


def iso(value: str) -> date | None:
    """ISO 8601 with dashes, or None."""
    if value[4:5] != "-" or not value[5:6].isdigit() or not value.isascii():
        return None
    try:
        return date.fromisoformat(value) if len(value) == 10 else datetime.fromisoformat(value)
    except ValueError:
        return None


def _by_format(value: str, form: str) -> date | None:
    if form in EXCEL:
        return _serial(value, EXCEL[form])
    if "%Z" in form:  # strptime would take the name and drop what it means
        form = form.replace("%Z", "%z")
        value = re.sub(r"\b(?:UTC|GMT)\b", "+0000", value)
    try:
        read = datetime.strptime(value, form)  # noqa: DTZ007 (placed in its zone later)
    except ValueError:
        return None
    return read if _TIMED.search(form) else read.date()


_TIMED = re.compile(r"%-?[HIMSXcTRpfrs]")


def _serial(value: str, epoch: date) -> date | None:
    if not _SERIAL.fullmatch(value):
        return None
    days, _, part = value.partition(".")
    try:
        day = epoch + timedelta(days=int(days))
    except OverflowError:
        raise ValueError(_OUTSIDE) from None
    if not part.strip("0"):
        return day
    return datetime.combine(day, time()) + timedelta(seconds=round(float(f"0.{part}") * 86_400))


def readings_of(value: str) -> dict[str, date]:
    """What a date without ISO form may mean, by the order of its parts.

    One reading: it is clear by itself.
    """
    value = unicodedata.normalize("NFKC", value).strip()
    if (compact := _COMPACT.fullmatch(value)) is not None:
        return _readings(compact, {CLEAR: compact.groups()})
    if (named := _NAMED.fullmatch(value)) is not None:
        month = _month(named["mon"] or named["mon2"])
        return _readings(named, {CLEAR: (named["y"], month, named["d"] or named["d2"])}) if month else {}
    numbers = _NUMBERS.fullmatch(value)
    if numbers is None:
        return {}
    a, b, c = numbers["a"], numbers["b"], numbers["c"]
    if len(a) == 4 or numbers["s"] == "年":
        return _readings(numbers, {CLEAR: (a, b, c)})
    orders = {"dmy": (c, b, a), "mdy": (c, a, b)} | ({"ymd": (a, b, c)} if len(a) == len(c) == 2 else {})
    return _readings(numbers, orders)


def _month(name: str) -> str | None:
    full = name.lower()
    number = _MONTHS.get(full[:3])
    whole = number and date(2000, number, 1).strftime("%B").lower()
    return str(number) if whole and (full in (full[:3], whole) or full == "sept") else None


def _readings(match: "re.Match[str]", orders: Mapping[str, tuple[str | None, ...]]) -> dict[str, date]:
    found: dict[str, date] = {}
    for order, (year, month, day) in orders.items():
        if year and month and day and len(year) in (2, 4) and len(month) < 3 and len(day) < 3:
            try:
                found[order] = _with_time(date(_full(year), int(month), int(day)), match)
            except ValueError:
                continue
    return found


def _full(year: str) -> int:
    """A year of two digits lies in the 100 years from 1970 on."""
    return int(year) if len(year) == 4 else int(year) + (2000 if int(year) < 70 else 1900)


def _with_time(day: date, match: "re.Match[str]") -> date:
    parts = match.groupdict()
    if parts.get("h") is None:
        return day
    hour, half = int(parts["h"]), (parts["before"] or parts["after"] or "").lower()
    if half:
        if not 1 <= hour <= 12 and not (hour == 0 and half > "z"):
            raise ValueError("not an hour of half a day")
        hour = hour % 12 + (12 if half[0] in "p下" or half in ("午後", "오후") else 0)
    fraction = (parts["fraction"] or "0")[:6].ljust(6, "0")
    at = datetime.combine(day, time(hour, int(parts["m"]), int(parts["sec"] or 0), int(fraction)))
    return at.replace(tzinfo=_zone(parts["offset"])) if parts["zone"] or parts["offset"] else at


def _zone(offset: str | None) -> tzinfo:
    if not offset:
        return UTC
    digits = offset[1:].replace(":", "")
    hours, minutes = (int(digits[:-2]), int(digits[-2:])) if len(digits) > 2 else (int(digits), 0)
    if hours > 14 or minutes > 59:
        raise ValueError("not an offset from UTC")
    behind = -1 if offset[0] == "-" else 1
    return timezone(behind * timedelta(hours=hours, minutes=minutes))


def wrong_format(form: str) -> str | None:
    """Why a format cannot tell a date, or None when it can."""
    if form in EXCEL:
        return None
    sample = datetime(2026, 11, 23, 17, 45, 31, tzinfo=UTC)
    try:
        written = sample.strftime(form.replace("%Z", "%z"))
        read = datetime.strptime(written, form.replace("%Z", "%z"))  # noqa: DTZ007 (only its day is looked at)
    except (ValueError, re.error):
        return "is not a format of strptime; write for example %d/%m/%Y or %m/%d/%y %H:%M, or excel for serial numbers"
    return None if read.date() == sample.date() else "does not tell year, month and day; write for example %d/%m/%Y"


def _when(value: Any, info: ValidationInfo) -> Any:
    return info.context["dates"].read(value, info.field_name or "") if isinstance(value, str) and info.context else value


def _day(value: Any, info: ValidationInfo) -> Any:
    return info.context["dates"].day(value, info.field_name or "") if isinstance(value, str) and info.context else value


When = Annotated[datetime, DATE, BeforeValidator(_when)]
"""A time in an imported row."""
Day = Annotated[date, DATE, BeforeValidator(_day)]
"""A day in an imported row."""
