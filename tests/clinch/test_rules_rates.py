"""The file of rates for a change of currency: read as it is meant, or refused with its line."""

from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from clinch.errors import CommandError
from clinch.ops.rezone.rates import read_rates, require_days


def written(place: Path, text: str) -> Path:
    file = place / "rates.csv"
    file.write_text(text, encoding="utf-8")
    return file


HEADED = "day,rate\n2026-01-31,0.1285\n\n2026-02-01, 0.13\n"
FROM_A_SPREADSHEET = "\ufeffDay,Rate\r\n2026-01-31,0.1285\r\n2026-02-01,0.13"


@pytest.mark.parametrize("text", [HEADED, FROM_A_SPREADSHEET])
def test_days_and_rates(tmp_path: Path, text: str) -> None:
    assert read_rates(written(tmp_path, text)) == {date(2026, 1, 31): Decimal("0.1285"), date(2026, 2, 1): Decimal("0.13")}


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("31.01.2026,0.1", "line 2: write a day and a positive rate"),
        ("2026-02-30,0.1", "line 2"),
        ("20260131,0.1", "line 2"),
        ("2026-01-31,0", "line 2"),
        ("2026-01-31,-1", "line 2"),
        ("2026-01-31,NaN", "line 2"),
        ("2026-01-31", "line 2"),
        ("2026-01-31,0.1,EUR", "line 2"),
        ("2026-01-30,0.2", "line 2: there is another rate for 2026-01-30"),
    ],
)
def test_what_is_no_rate_is_refused_with_its_line(tmp_path: Path, line: str, says: str) -> None:
    with pytest.raises(CommandError, match=says):
        read_rates(written(tmp_path, f"2026-01-30,0.1\n{line}\n"))


def test_a_file_that_is_not_there_is_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(CommandError, match="cannot be read"):
        read_rates(tmp_path / "no.csv")


def test_the_first_missing_day_is_named(tmp_path: Path) -> None:
    rates = read_rates(written(tmp_path, "2026-01-02,0.1\n"))
    require_days(rates, [date(2026, 1, 2)], "CNY to EUR")
    with pytest.raises(CommandError, match=r"no rate of CNY to EUR for 2026-01-01, and 1 more days: .* --rates"):
        require_days(rates, [date(2026, 1, n) for n in (3, 2, 1)], "CNY to EUR")
