"""Personal data, and what customers said: what masked roles see in its place.

Which roles see a kind of record masked, `shared.access.kinds` says. A role that does not see a text cannot find it either:
`Listing(personal=...)` refuses to search, filter or sort by it.
"""

from collections.abc import Callable, Collection, Iterable, Mapping
from typing import Any

from shared.events.envelope import REGISTRY, Event


def differences(known: Any, given: Mapping[str, Any], unseen: Collection[str] = ()) -> dict[str, Any]:
    """What `given` says otherwise than the record.

    What the caller sees masked (`unseen`) counts as changed whatever it was: else the version would tell whether a guess is right.
    """
    return {n: v for n, v in given.items() if getattr(known, n) != v or (n in unseen and v is not None)}


def masked_email(email: str) -> str:
    """a***@x.com"""
    name, at, host = email.partition("@")
    return f"{name[:1]}***{at}{host}"


def masked_phone(phone: str) -> str:
    """Only the last two characters stay."""
    return f"***{phone[-2:]}" if len(phone) > 4 else "***"


def masked_name(name: str) -> str:
    """The initials: "Anna Berg" becomes "A*** B***"."""
    return " ".join(f"{part[:1]}***" for part in name.split())


_SHOWN_AS: Mapping[str, Callable[[str], str]] = {
    "name": masked_name,
    "contact_name": masked_name,
    "email": masked_email,
    "phone": masked_phone,
}


def masked(values: Mapping[str, Any], names: Iterable[str]) -> dict[str, Any]:
    """What masked roles see of those of these values that they have: names, addresses and numbers in part, other texts not at all."""
    return {n: _SHOWN_AS[n](values[n]) if n in _SHOWN_AS and values[n] else None for n in names if n in values}


def without_free_texts(type: str, data: Mapping[str, Any]) -> dict[str, Any]:
    """The data of an event as masked roles see it: what people wrote in their own words is null."""
    hidden = REGISTRY.get(type, Event).free_texts
    return {name: None if name in hidden else value for name, value in data.items()}
