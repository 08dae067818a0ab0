"""Dates in the rows of a file: what each means, and what a whole column settles."""

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.imports.columns import DateColumns, Unsettled
from shared.imports.dates import Dates, wrong_format

SHANGHAI = ZoneInfo("Asia/Shanghai")
JAN_31 = datetime(2026, 1, 31, tzinfo=UTC)


@pytest.mark.parametrize(
    "text",
    [
        "2026-01-31",
        "2026-1-31",
        "2026/1/31",
        "2026.01.31",
        "2026年1月31日",
        "２０２６年１月３１日",
        "20260131",
        "31.01.2026",
        "31.1.2026",
        "31/1/2026",
        "1/31/2026",
        "31-1-2026",
        "31 Jan 2026",
        "31-Jan-26",
        "Jan 31, 2026",
        "31 January 2026",
        "31st Jan 2026",
        "Saturday, 31 Jan 2026",
    ],
)
def test_a_day_is_read_in_each_form_that_is_clear(text: str) -> None:
    assert Dates().read(text) == JAN_31


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2026-01-31 14:05:06", (14, 5, 6)),
        ("2026-01-31T14:05:06Z", (14, 5, 6)),
        ("2026-01-31T14:05", (14, 5, 0)),
        ("2026-01-31 14:05:06.000000 UTC", (14, 5, 6)),
        ("2026-01-31 14:05:06 GMT", (14, 5, 6)),
        ("2026-01-31 16:05:06+02:00", (14, 5, 6)),
        ("2026-01-31 16:05:06 +0200", (14, 5, 6)),
        ("31.1.2026 16:05:06 GMT+2", (14, 5, 6)),
        ("31/1/2026 2:05:06 PM", (14, 5, 6)),
        ("1/31/2026, 2:05 p.m.", (14, 5, 0)),
        ("1/31/2026 12:05 AM", (0, 5, 0)),
        ("31/1/2026 12:05 PM", (12, 5, 0)),
        ("2026年1月31日 14时05分", (14, 5, 0)),
        ("2026年1月31日 下午2:05", (14, 5, 0)),
        ("2026年1月31日14:05", (14, 5, 0)),
        ("Sat, 31 Jan 2026 14:05:06 GMT", (14, 5, 6)),
    ],
)
def test_times_are_read_with_the_zone_that_they_name(text: str, expected: tuple[int, int, int]) -> None:
    assert Dates(company=SHANGHAI).read(text) == datetime(2026, 1, 31, *expected, tzinfo=UTC)


def test_a_day_without_a_time_is_a_day_of_the_company_whatever_the_zone_of_the_file() -> None:
    abroad = Dates(zone=SHANGHAI, company=UTC)
    assert abroad.read("2026-01-31") == JAN_31
    assert abroad.read("2026-01-31 00:00") == datetime(2026, 1, 30, 16, tzinfo=UTC)
    assert Dates(zone=UTC, company=SHANGHAI).read("31.01.2026") == datetime(2026, 1, 30, 16, tzinfo=UTC)
    assert Dates(("%d/%m/%Y",), zone=UTC, company=SHANGHAI).read("31/01/2026") == datetime(2026, 1, 30, 16, tzinfo=UTC)


@pytest.mark.parametrize("company", [UTC, SHANGHAI, ZoneInfo("America/New_York")])
def test_a_day_stays_the_day_that_is_written(company: ZoneInfo) -> None:
    dates = Dates(zone=SHANGHAI, company=company)
    assert {dates.day(text) for text in ("2026-01-31", "31.1.2026", "2026-01-31 23:59", "2026-01-31 00:00:00")} == {date(2026, 1, 31)}
    assert dates.day("2026-01-31T02:00:00Z") == datetime(2026, 1, 31, 2, tzinfo=UTC).astimezone(company).date()


def test_a_time_that_a_change_of_clocks_leaves_out_or_repeats_is_decided() -> None:
    berlin = Dates(zone=ZoneInfo("Europe/Berlin"))
    assert berlin.read("2026-03-29 02:30") == datetime(2026, 3, 29, 1, 30, tzinfo=UTC), "as the clock before: 03:30 of the new time"
    assert berlin.read("2026-10-25 02:30") == datetime(2026, 10, 25, 0, 30, tzinfo=UTC), "the first of the two"
    cairo = Dates(company=ZoneInfo("Africa/Cairo"))
    assert cairo.read("2026-04-24") == datetime(2026, 4, 23, 22, tzinfo=UTC), "a day without midnight begins when it begins"


@pytest.mark.parametrize("text", ["0001-01-01", "1969-12-31", "2201-01-02", "1.1.0201", "31/1/1900", "9999-12-31T23:59:59-14:00"])
def test_what_lies_outside_1970_to_2200_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"from 1970 to 2200"):
        Dates(company=SHANGHAI).read(text)
    with pytest.raises(ValueError, match=r"from 1970 to 2200"):
        Dates(company=SHANGHAI).day(text)


@pytest.mark.parametrize(
    "text",
    ["yesterday", "2026-02-30", "2026-13-01", "2026", "12", "2026-W05", "1/2/3/4", "٢٠٢٦-٠١-٣١", "2026-01-31 25:00", "31/1", "1-2-345"],
)
def test_what_is_no_date_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="not a date"):
        Dates().read(text)


@pytest.mark.parametrize("text", ["01/02/2026", "1-2-2026", "05.01.26", "1/2/26"])
def test_what_means_two_days_is_refused_unless_the_column_settles_it(text: str) -> None:
    with pytest.raises(ValueError, match="may be"):
        Dates().read(text)
    assert Dates(orders={"at": "dmy"}).read(text, "at").month == int(text[3:5] if text[2] in "/." else text[2])


@pytest.mark.parametrize(
    ("form", "text", "expected"),
    [
        ("%d/%m/%Y", "01/02/2026", datetime(2026, 2, 1, tzinfo=UTC)),
        ("%d/%m/%Y", "2026-02-01", datetime(2026, 2, 1, tzinfo=UTC)),
        ("%d/%m/%Y %H:%M", "01/02/2026 14:05", datetime(2026, 2, 1, 6, 5, tzinfo=UTC)),
        ("%d/%m/%Y %H:%M %Z", "01/02/2026 14:05 UTC", datetime(2026, 2, 1, 14, 5, tzinfo=UTC)),
        ("%d/%m/%Y %H:%M %z", "01/02/2026 14:05 +0100", datetime(2026, 2, 1, 13, 5, tzinfo=UTC)),
        ("excel", "46023", datetime(2026, 1, 1, tzinfo=UTC)),
        ("excel", "46023.0", datetime(2026, 1, 1, tzinfo=UTC)),
        ("excel", "46023.5", datetime(2026, 1, 1, 4, tzinfo=UTC)),
        ("excel-1904", "44561", datetime(2026, 1, 1, tzinfo=UTC)),
        ("excel", "2026-01-01", datetime(2026, 1, 1, tzinfo=UTC)),
    ],
)
def test_a_given_format_is_tried_first_and_iso_beside_it(form: str, text: str, expected: datetime) -> None:
    assert Dates((form,), zone=SHANGHAI).read(text) == expected


@pytest.mark.parametrize(
    ("form", "text"),
    [("%d/%m/%Y", "31.12.2025"), ("%Y-%d-%m", "2026-01-31"), ("excel", "1"), ("excel", "999999999"), ("%d/%m/%Y %Z", "01/02/2026 CET")],
)
def test_what_does_not_fit_the_given_format_is_refused(form: str, text: str) -> None:
    with pytest.raises(ValueError, match=r"given format|from 1970 to 2200"):
        Dates((form,)).read(text)


@pytest.mark.parametrize("form", ["%Q", "%H:%M", "%d/%m", "day", "", "%", "%Y-%m", "%-d/%q/%Y"])
def test_a_format_that_tells_no_day_is_wrong(form: str) -> None:
    assert wrong_format(form)


@pytest.mark.parametrize("form", ["%d/%m/%Y", "%m/%d/%y %I:%M %p", "%d %b %Y", "%Y%m%d", "%d/%m/%Y %H:%M %Z", "%x", "excel"])
def test_a_format_that_tells_a_day_is_right(form: str) -> None:
    assert wrong_format(form) is None


def settled(**columns: list[str]) -> dict[str, str]:
    found = DateColumns(2026)
    for name, values in columns.items():
        found.see(name, values)
    return {name: one.value for name, one in found.settled().items()}


def test_one_value_settles_its_column_and_the_columns_that_show_nothing() -> None:
    assert settled(opened=["1/2/2017", "10/20/2016"], closed=["3/1/2017"]) == {"opened": "mdy", "closed": "mdy"}
    assert settled(opened=["1/2/2017", "20/10/2016"]) == {"opened": "dmy"}
    assert settled(opened=["1.2.2017"]) == {"opened": "dmy"}
    assert settled(opened=["1.2.2017", "1.31.2017"]) == {"opened": "mdy"}
    assert settled(opened=["31.1.26", "05.01.26"]) == {"opened": "dmy"}
    assert settled(opened=["26/01/31", "26/01/05"]) == {"opened": "ymd"}
    assert settled(opened=["2017-01-02", "2017/1/2", "31/1/2017", "1/31/2017", ""]) == {}


@pytest.mark.parametrize(
    ("values", "says"),
    [
        (["1/2/2017"], "day first or month first: 1/2/2017"),
        (["05.01.26"], "day first or year first"),
        (["20/10/2016", "10/20/2016", "1/2/2017"], "not written in one way"),
    ],
)
def test_what_nothing_settles_is_refused_with_what_it_may_be(values: list[str], says: str) -> None:
    with pytest.raises(Unsettled, match=says) as refused:
        settled(opened=values)
    assert (refused.value.option, len(refused.value.candidates) > 1) == ("date_format", True)


def test_columns_that_differ_settle_nothing_for_a_third() -> None:
    with pytest.raises(Unsettled):
        settled(a=["20/10/2016"], b=["10/20/2016"], c=["1/2/2017"])


def test_a_value_that_only_its_year_makes_clear_is_read_by_the_order_that_it_shows() -> None:
    """30.01.01 is the 30th of January 2001, since nothing was in 2030 yet."""
    columns = DateColumns(2026)
    columns.see("at", ["30.01.01"])
    orders = {name: one.value for name, one in columns.settled().items()}
    assert Dates(orders=orders).day("30.01.01", "at") == date(2001, 1, 30)


@given(
    st.dates(date(1970, 1, 2), date(2026, 1, 1)), st.sampled_from(["%d/%m/%Y", "%m/%d/%Y", "%d.%m.%Y", "%Y/%m/%d", "%d.%m.%y", "%m/%d/%y"])
)
def test_a_date_is_read_as_the_day_it_was_written_for_or_not_at_all(day: date, form: str) -> None:
    text = day.strftime(form)
    columns = DateColumns(2026)
    columns.see("at", [text])
    try:
        orders = {name: one.value for name, one in columns.settled().items()}
    except Unsettled:
        return
    assert Dates(orders=orders).day(text, "at") == day


@given(st.text(max_size=30))
def test_any_text_is_a_date_or_refused(text: str) -> None:
    for dates in (Dates(), Dates(("excel",)), Dates(("%d/%m/%Y %Z",))):
        try:
            assert 1970 <= dates.read(text).year <= 2200
        except ValueError:
            continue
