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


FUNNEL = re.compile(r"\S+ /v1/metrics/funnel(\?|$)")
"""What was paid is worth its net; until then `value` was with tax, as `gross` is now."""
CONVERSION = re.compile(r"\S+ /v1/metrics/kpis/stage_conversion(\?|$)")
TAKEN_OFF = "_first_reopened"
CONVERSION_RECORDS = re.compile(r"\S+ /v1/metrics/kpis/stage_conversion/records")
"""The entry of a deal that was lost is taken off when the deal is reopened; until then it counted twice. All else is counted the same."""


def counted_otherwise(asked: str, before: Any, after: Any) -> tuple[Any, Any]:
    """Both answers, as far as this release still counts what it did."""
    if FUNNEL.match(asked):
        return _paid_with_tax(before), after
    if CONVERSION.match(asked):
        return _entries(before), _entries(after)
    if CONVERSION_RECORDS.match(asked):  # fewer of a page: those that are taken off are on it too
        kept = [item for item in after["items"] if not item["measure"].endswith(TAKEN_OFF)]
        assert kept, "nothing is counted any more"
        return {**before, "items": before["items"][: len(kept)]}, {**after, "items": kept}
    return before, after


def _paid_with_tax(before: Any) -> Any:
    if isinstance(before, list):
        return [_paid_with_tax(part) for part in before]
    if not isinstance(before, dict):
        return before
    if before.get("step") == "F9" and "gross" not in before:
        return {name: part for name, part in before.items() if name != "value"} | {"gross": before["value"]}
    return {name: _paid_with_tax(part) for name, part in before.items()}


def _entries(figure: dict[str, Any]) -> dict[str, Any]:
    """The figure with what it counted, without the rates that are made of it; its rows are not in the order of their size."""

    def row(of: dict[str, Any]) -> dict[str, Any]:
        taken_off = sum(n for name, n in of["counts"].items() if name.endswith(TAKEN_OFF))
        return {name: part for name, part in of.items() if name not in ("value", "parts")} | {"n": of["n"] - taken_off}

    rows = sorted(map(row, figure["rows"]), key=lambda of: (str(of["start"]), str(of["group"])))
    return {**figure, "total": row(figure["total"]), "rows": rows}


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
