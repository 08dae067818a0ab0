"""Which acts there are in all services, and what somebody sees and may do by the roles of their token."""

from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any, Literal

import orjson

from shared.access.kinds import KINDS, Kind, unmasked
from shared.auth.actor import Actor

ACTS = Path(__file__).parent / "acts.json"
"""Written by `clinch docs` from what every service declares: services do not import each other."""

HOW = ("every", "tree", "accounts", "review", "through", "own", "pool")
"""How far somebody sees a kind, as `shared.access.kinds` says it, the widest first."""

On = Literal["every", "own", "unowned"]


@dataclass(frozen=True, slots=True)
class KnownAct:
    """An act of some service: who may do it on every record that they see, on their own, and on those that nobody owns."""

    service: str
    record: str
    action: str
    operation_id: str
    every: list[str] = field(default_factory=list)
    own: list[str] = field(default_factory=list)
    unowned: list[str] = field(default_factory=list)
    scope: str | None = None


@cache
def known_acts() -> list[KnownAct]:
    return [KnownAct(**act) for act in orjson.loads(ACTS.read_bytes())]


def on_what(act: KnownAct, by: Actor) -> list[On]:
    """On which records they may ever do it; nothing when they never may."""
    held: tuple[tuple[On, list[str]], ...] = (("every", act.every), ("own", act.own), ("unowned", act.unowned))
    found: list[On] = [on for on, roles in held if not by.roles.isdisjoint(roles)]
    if act.scope is not None and act.scope in by.scopes and "every" not in found:
        found.insert(0, "every")
    return found


def how_far(kind: Kind, by: Actor) -> list[str]:
    """How far they see records of this kind, beside those that they own or have a part in."""
    found = [how for how in HOW if not by.roles.isdisjoint(getattr(kind, how))]
    return ["every", *found] if not by.scopes.isdisjoint(kind.shown_to) and "every" not in found else found


def seen_kinds(by: Actor) -> list[dict[str, Any]]:
    far = ((kind, how_far(kind, by)) for kind in KINDS.values())
    return [{"kind": kind.name, "label": kind.label, "how": how, "masked": not unmasked(kind, by)} for kind, how in far if how]
