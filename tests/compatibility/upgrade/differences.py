"""What an answer no longer says, or says otherwise; a later release may say more."""

import re
from collections.abc import Iterator
from decimal import Decimal, InvalidOperation
from typing import Any

NOT_KEPT = {"allowed_actions", "next_cursor", "position"}
"""What may be done grows with each release, a cursor is another one each time, and an endpoint's place moves with what is told since."""

ANSWERED_OTHERWISE = re.compile(r"dev-(?!admin).* /v1/metrics/(funnel|kpis/(leads_captured|mql_rate|lead_to_customer))\b")
"""What nobody owns counts for nobody but those who count everything; until then it counted for all who could take it from the pool."""

SHOWN_LESS = re.compile(r"dev-(?!admin).* /v1/(accounts|contacts)\?")
"""Accounts that nobody owns are shown through their records alone; until then everybody who sells saw them."""


ACCOUNTS = re.compile(r"\S+ /v1/accounts\?")
TIERS_UNTOLD = {"447d8be", "cfd6047", "b3573c7"}
"""The releases whose events did not say the tier of an account."""


def told_once_more(before: dict[str, Any]) -> dict[str, Any]:
    """The tier of an account is told at the upgrade from one of `TIERS_UNTOLD`: its version is one higher."""
    return {**before, "items": [item | {"version": item["version"] + (item["tier"] is not None)} for item in before["items"]]}


def still_shown(before: dict[str, Any], after: dict[str, Any]) -> dict[str, Any]:
    """A list without the items that are shown no more; those that are shown are as they were, and none is there that was not."""
    there = {item["id"] for item in after["items"]}
    assert there, "nothing is shown any more"
    return {**before, "items": [item for item in before["items"] if item["id"] in there]}


def differences(before: Any, after: Any, where: str = "") -> Iterator[str]:
    """Where `after` is not as `before`."""
    if isinstance(before, dict) and isinstance(after, dict):
        for name, value in before.items():
            if name not in NOT_KEPT:
                yield from differences(value, after[name], f"{where}/{name}") if name in after else [f"{where}/{name} is gone"]
    elif isinstance(before, list) and isinstance(after, list):
        before, after = _counted(before), _counted(after)
        if len(before) != len(after):
            yield f"{where} has {len(after)} in place of {len(before)}"
        for n, pair in enumerate(zip(before, after)):  # noqa: B905
            yield from differences(*pair, f"{where}/{n}")
    elif _plain(before) != _plain(after):
        yield f"{where}: {before!r} was {after!r}"[:300]


def _counted(listed: list[Any]) -> list[Any]:
    """Without groups in which nothing is left: when figures are computed anew they are not there any more."""
    return [item for item in listed if not (isinstance(item, dict) and "group" in item) or _counts(item)]


def _counts(value: Any) -> bool:
    if isinstance(value, dict | list):
        return any(map(_counts, value.values() if isinstance(value, dict) else value))
    value = _plain(value)
    return isinstance(value, int | float | Decimal) and bool(value)


def _plain(value: Any) -> Any:
    """Amounts are the same with more or fewer zeros, means to the last digit that matters."""
    if isinstance(value, float):
        return round(value, 6)
    try:
        return Decimal(value).normalize() if isinstance(value, str) else value
    except InvalidOperation:
        return value
