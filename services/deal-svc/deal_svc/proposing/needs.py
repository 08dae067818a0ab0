"""What somebody's words say of a package: the product line, and how many people will use it. Pure."""

import re
from collections.abc import Sequence

from shared.errors import Rejected

_PEOPLE = re.compile(r"(\d{1,3}(?:,\d{3})+|\d+)\s*(?:users?|people|seats?|employees|staff|[个名位]?\s*(?:用户|员工|人))", re.IGNORECASE)
MOST = 1_000_000


def users_in(needs: Sequence[str]) -> int | None:
    """The first number of people that the needs name: `120 users`, `120 个用户`."""
    for text in needs:
        if found := _PEOPLE.search(text):
            number = int(found[1].replace(",", ""))
            if 0 < number <= MOST:
                return number
    return None


def line_of(asked: str | None, interest: str | None, needs: Sequence[str], lines: Sequence[str]) -> str:
    """The product line: as it is asked for, else the deal's `interest`, else the one that the needs name, else the only one that is sold.

    `Rejected`: it is none of these (`no_product_line`), or nothing is sold of what is asked for (`no_such_line`).
    """
    known = {line.casefold(): line for line in lines}
    if asked is not None and asked.casefold() not in known:
        raise Rejected(f"Nothing is sold of the product line {asked}.", code="no_such_line")
    if line := known.get((asked or interest or "").casefold()):
        return line
    text = "\n".join([interest or "", *needs]).casefold()
    named = [line for line in lines if line.casefold() in text]
    if not named and len(lines) != 1:
        raise Rejected("Neither the deal nor its needs name a product line that is sold; send `line`.", code="no_product_line")
    return max(named or lines, key=len)
