"""Merging two accounts or two contacts, and which values the survivor has then. Pure."""

from collections.abc import Collection, Mapping
from typing import Any, Literal, get_args

from lead_svc.parties.record import Account, Contact
from shared.errors import Unmet

AccountField = Literal["name", "region", "industry", "size", "tier", "owner_id"]
ContactField = Literal["name", "email", "phone", "job_title"]


def fields_of(party: Account | Contact) -> tuple[str, ...]:
    return get_args(AccountField if isinstance(party, Account) else ContactField)


def chosen(survivor: Any, absorbed: Any, take: Collection[str], keep: Collection[str]) -> dict[str, Any]:
    """What changes of the survivor: it has its own values, and the other one's where it has none, or where that is asked for."""
    wanted = [n for n in fields_of(survivor) if n in take or (n not in keep and getattr(survivor, n) is None)]
    return {n: getattr(absorbed, n) for n in wanted if getattr(survivor, n) != getattr(absorbed, n)}


def kept(survivor: Any, changes: Mapping[str, Any]) -> dict[str, list[Any]]:
    """What was before and is after, as the row of a merge keeps it: texts, and ids as texts."""
    return {n: [_text(getattr(survivor, n)), _text(after)] for n, after in changes.items()}


def _text(value: Any) -> str | None:
    return None if value is None else str(value)


def back(survivor: Any, values: Mapping[str, list[Any]]) -> dict[str, Any]:
    """What changes of the survivor when the merge is undone: what came by it and nobody has edited since."""
    return {n: before for n, (before, after) in values.items() if _text(getattr(survivor, n)) == after}


def other_unmet(survivor: Any, absorbed: Any) -> list[Unmet]:
    if absorbed.merged_into is not None:
        return [Unmet("absorbed_merged", "The other one was merged into another one before.")]
    if isinstance(survivor, Contact) and survivor.account_id != absorbed.account_id:
        return [Unmet("other_account", "The two contacts belong to different accounts; merge these first, or move one of the contacts.")]
    return []


def left(survivor: Any, absorbed: Any) -> list[str]:
    """Fields whose value only the absorbed one has from now on."""
    return [n for n in fields_of(survivor) if getattr(absorbed, n) not in (None, getattr(survivor, n))]
