"""Official holidays and make-up working days by country, from the package `holidays`. It is large, and imported when first asked for."""

from datetime import date
from functools import lru_cache
from typing import Any

from shared.calendar.working import NO_COUNTRY, OfficialDay, Year

ANNOUNCED = frozenset({"CN"})
"""Countries whose government says each year which days off are moved and which weekends are worked for them. Before it has, the year's
days are not known; those that the law fixes would be wrong, so there are none."""
UNKNOWN = Year(False, {})


@lru_cache(maxsize=256)
def official_year(country: str, year: int) -> Year:
    """The days of a country, two letters of ISO 3166; of none when it is empty. The first call takes a moment."""
    if not country:
        return NO_COUNTRY
    import holidays

    try:
        found: Any = holidays.country_holidays(country, years=year)
    except NotImplementedError:
        return UNKNOWN
    made_up = {day for day in found.weekend_workdays if day.year == year}
    if not found.start_year <= year <= found.end_year or (country in ANNOUNCED and not made_up):
        return UNKNOWN
    off: dict[date, OfficialDay] = {day: OfficialDay(False, name) for day, name in found.items() if day.year == year}
    return Year(True, off | {day: OfficialDay(True) for day in made_up})
