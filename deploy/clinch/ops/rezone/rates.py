"""The rates of a change of currency: a CSV file with a day and a rate on each line."""

import csv
from collections.abc import Iterable, Mapping
from datetime import date
from decimal import Decimal, InvalidOperation
from pathlib import Path

from clinch.errors import CommandError

Rates = Mapping[date, Decimal]
"""Units of the new reporting currency for one unit of the old, by day."""
_HEADER = ["day", "rate"]


def read_rates(file: Path) -> Rates:
    """Raises CommandError, which names the line."""
    try:
        lines = list(csv.reader(file.read_text(encoding="utf-8-sig").splitlines()))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise CommandError(f"The rates in {file} cannot be read: {error}.", 2) from None
    found: dict[date, Decimal] = {}
    for number, line in enumerate(lines, 1):
        cells = [cell.strip() for cell in line]
        if not any(cells) or (number == 1 and [c.lower() for c in cells] == _HEADER):
            continue
        day, rate = _read(cells, f"{file}, line {number}")
        if found.setdefault(day, rate) != rate:
            raise CommandError(f"{file}, line {number}: there is another rate for {day} above. Keep one of them.", 2)
    return found


def _read(cells: list[str], where: str) -> tuple[date, Decimal]:
    try:
        day, rate = date.fromisoformat(cells[0]), Decimal(cells[1])
        if len(cells) == 2 and rate.is_finite() and 0 < rate < Decimal("1e9") and len(cells[0]) == 10:
            return day, rate
    except (ValueError, InvalidOperation, IndexError):
        pass
    raise CommandError(f"{where}: write a day and a positive rate, for example 2026-01-31,0.1285.", 2)


def require_days(rates: Rates, days: Iterable[date], currencies: str) -> None:
    """Raises CommandError with the first day that has no rate."""
    if missing := sorted({*days} - rates.keys()):
        more = f", and {len(missing) - 1:,} more days" if len(missing) > 1 else ""
        raise CommandError(
            f"There is no rate of {currencies} for {missing[0]}{more}: give one for each day on which a deal was opened, with --rates.", 2
        )
