"""Who sees which kinds of records, in one table. Pure.

Whatever the kind, a record is seen by its owner, by those above the owner, by its members, and by whoever created it. To that, roles add
what this table says. With several roles the widest counts. Another system (the role service) sees the kinds that its scopes name.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import lru_cache
from typing import NamedTuple

from shared.auth.actor import Actor, Role

_LEAD = (Role.manager, Role.regional_head)
_HELP = (Role.presales, Role.assistant, Role.product)
_SELL = (Role.rep, Role.kam)
_RUN = (Role.director, Role.admin, Role.sales_ops, Role.ops)


def _roles(given: Iterable[Role]) -> frozenset[Role]:
    return frozenset(given)


@dataclass(frozen=True, kw_only=True)
class Kind:
    """A kind of records, with how far each role sees it.

    - `scopes`: a client with one of these, to read or to write, sees all of the kind.
    - `every`: sees all. `tree`: what the people of their own team and of the teams below own. `own`: what they own or have a part in.
    - `pool`: sees what nobody owns yet. `accounts`: records of accounts that they own or have a part in.
    - `review`: sees what is up for approval. `through`: sees it only where it belongs to a record that they see.
    - `masked`: sees personal data and what customers said masked.
    """

    name: str
    label: str
    scopes: tuple[str, ...]
    every: frozenset[Role]
    tree: frozenset[Role] = frozenset()
    own: frozenset[Role] = frozenset()
    pool: frozenset[Role] = frozenset()
    accounts: frozenset[Role] = frozenset()
    review: frozenset[Role] = frozenset()
    through: frozenset[Role] = frozenset()
    masked: frozenset[Role] = frozenset()
    reached_by: frozenset[Role] = field(init=False, repr=False)
    shown_to: frozenset[str] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        reached = self.every | self.tree | self.own | self.pool | self.accounts | self.review | self.through
        object.__setattr__(self, "reached_by", reached)
        object.__setattr__(self, "shown_to", frozenset(f"{name}:{what}" for name in self.scopes for what in ("read", "write")))

    def __hash__(self) -> int:
        return hash(self.name)


LEADS = Kind(
    name="lead",
    label="leads",
    scopes=("leads",),
    every=_roles([*_RUN, Role.marketing, Role.auditor]),
    tree=_roles([*_LEAD, *_HELP]),
    own=_roles(_SELL),
    pool=_roles([*_SELL, *_LEAD]),
    masked=_roles([Role.ops, Role.support, Role.service, Role.auditor]),
)
ACCOUNTS = Kind(
    name="account",
    label="accounts and contacts",
    scopes=("accounts", "leads"),  # whoever enters leads names their companies
    every=_roles([*_RUN, Role.marketing, Role.auditor]),
    tree=_roles(_LEAD),
    own=_roles([*_SELL, Role.csm]),
    through=_roles([*_HELP, Role.legal, Role.finance]),
    masked=_roles([Role.ops, Role.finance, Role.support, Role.service, Role.auditor]),
)
DEALS = Kind(
    name="deal",
    label="deals and quotes",
    scopes=("deals",),
    every=_roles([*_RUN, Role.auditor]),
    tree=_roles([*_LEAD, *_HELP]),
    own=_roles([*_SELL, Role.csm]),
    accounts=_roles([Role.csm]),
    review=_roles([Role.legal, Role.finance]),
    masked=_roles([Role.support, Role.service, Role.auditor]),
)
CONTRACTS = Kind(
    name="contract",
    label="contracts, milestones and payments",
    scopes=("contracts", "payments"),
    every=_roles([*_RUN, Role.legal, Role.finance, Role.auditor]),
    tree=_roles([*_LEAD, *_HELP]),
    own=_roles([*_SELL, Role.csm]),
    accounts=_roles([Role.csm]),
    masked=_roles([Role.support, Role.service, Role.auditor]),
)
LEAD_FIGURES = Kind(
    name="lead_figures",
    label="figures of leads",
    scopes=("figures",),
    every=_roles([*_RUN, Role.marketing, Role.auditor]),
    tree=_roles([*_LEAD, *_HELP]),
    own=_roles(_SELL),
    accounts=_roles([Role.csm]),
)
DEAL_FIGURES = Kind(
    name="deal_figures",
    label="figures of deals",
    scopes=("figures",),
    every=_roles([*_RUN, Role.auditor]),
    tree=_roles([*_LEAD, *_HELP]),
    own=_roles(_SELL),
    accounts=_roles([Role.csm]),
)
CASH_FIGURES = Kind(
    name="cash_figures",
    label="figures of cash",
    scopes=("figures",),
    every=_roles([*_RUN, Role.finance, Role.auditor]),
    tree=_roles([*_LEAD, *_HELP]),
    own=_roles(_SELL),
    accounts=_roles([Role.csm]),
)

KINDS = {kind.name: kind for kind in (LEADS, ACCOUNTS, DEALS, CONTRACTS, LEAD_FIGURES, DEAL_FIGURES, CASH_FIGURES)}
"""The whole table: docs/domain.md and `GET /v1/me` are made from it."""


class Reach(NamedTuple):
    """How far an actor sees a kind. Also the part of a compiled statement's cache key that depends on who asks."""

    everything: bool
    tree: bool
    pool: bool
    accounts: bool
    review: bool


@lru_cache(maxsize=4096)
def _reach(kind: Kind, roles: frozenset[Role], scopes: frozenset[str]) -> Reach:
    everything = Role.system in roles or not roles.isdisjoint(kind.every) or not scopes.isdisjoint(kind.shown_to)
    if everything:
        return Reach(True, False, False, False, False)
    return Reach(False, *(not roles.isdisjoint(these) for these in (kind.tree, kind.pool, kind.accounts, kind.review)))


def reach(kind: Kind, actor: Actor) -> Reach:
    return _reach(kind, actor.roles, actor.scopes)


def sees(kind: Kind, actor: Actor) -> bool:
    """Whether the actor's roles or scopes give anything of the kind, besides what the actor owns, created or has a part in."""
    return reach(kind, actor).everything or not actor.roles.isdisjoint(kind.reached_by)


@lru_cache(maxsize=4096)
def _unmasked(kind: Kind, roles: frozenset[Role]) -> bool:
    return bool(((roles & kind.reached_by) or roles) - kind.masked)


def unmasked(kind: Kind, actor: Actor) -> bool:
    """Whether the actor sees personal data and what customers said of this kind as it is.

    Of several roles one is enough, if it sees the kind at all.
    """
    return _unmasked(kind, actor.roles)


def masked_somewhere(actor: Actor) -> bool:
    """Whether there is a kind that the actor sees masked."""
    return not all(_unmasked(kind, actor.roles) for kind in KINDS.values())
