"""Whose figures an actor sees: each measure is of leads, deals or cash, and counts for those whom its facts are credited to.

A part in a record shows the record and its events. It makes nobody's figure of it.
"""

from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import Any

from sqlalchemy import ColumnElement, Uuid, cast, null

from metrics_svc.facts.rows import AllocationFact, DealFact, LeadFact, LeadGoalFact, MilestoneFact, PaymentFact
from metrics_svc.facts.tables import DEALS, FACTS, LEADS
from metrics_svc.kpi import Part
from metrics_svc.measures import Measure
from shared.access.kinds import CASH_FIGURES, DEAL_FIGURES, LEAD_FIGURES, Kind, reach, sees
from shared.access.rows import Rows, Through
from shared.auth import Actor
from shared.errors import Forbidden

_KINDS: dict[type[Any], Kind] = {
    LeadFact: LEAD_FIGURES,
    LeadGoalFact: LEAD_FIGURES,
    MilestoneFact: CASH_FIGURES,
    PaymentFact: CASH_FIGURES,
    AllocationFact: CASH_FIGURES,
}
"""The figures that facts are counted in; those of deals for all others."""


def kind_of(measure: Measure) -> Kind:
    return _KINDS.get(measure.of, DEAL_FIGURES)


def kinds_of(parts: Iterable[Part]) -> list[Kind]:
    return list(dict.fromkeys(kind_of(part.measure) for part in parts))


def shown(parts: Sequence[Part], actor: Actor) -> list[Part]:
    """Those of these parts that the actor sees anything of."""
    return [part for part in parts if sees(kind_of(part.measure), actor)]


def may_see(parts: Iterable[Part], actor: Actor) -> bool:
    """Whether the actor's roles show each of the kinds: a figure is shown to who sees all that it is computed from."""
    return all(sees(kind, actor) for kind in kinds_of(parts))


def must_see(parts: Iterable[Part], actor: Actor) -> None:
    """`Forbidden` where the actor's roles show nothing of one of the kinds."""
    for kind in kinds_of(parts):
        if not sees(kind, actor):
            raise Forbidden(f"Your roles do not show {kind.label}.")


def sees_all(parts: Iterable[Part], actor: Actor) -> bool:
    return all(reach(kind, actor).everything for kind in kinds_of(parts))


def visible(measure: Measure, actor: Actor) -> ColumnElement[bool]:
    """The condition for the facts that count for the actor. Its parameters are `params`."""
    kind = kind_of(measure)
    fact: Any = measure.of
    return _rows(fact, measure.who["owner"], kind, reach(kind, actor).accounts).visible(actor)


def visible_deals(actor: Actor) -> ColumnElement[bool]:
    """The same for deals as they are now: by today's owner."""
    return _rows(DealFact, "owner_id", DEAL_FIGURES, reach(DEAL_FIGURES, actor).accounts).visible(actor)


def params(parts: Iterable[Part], actor: Actor) -> dict[str, Any]:
    """The parameters of the conditions of these parts."""
    return {} if sees_all(parts, actor) else {"seen_by": actor.id}


@lru_cache(maxsize=256)
def _rows(fact: Any, owner: str, kind: Kind, of_accounts: bool) -> Rows:
    c = FACTS[fact].table.c
    of_lead = fact in (LeadFact, LeadGoalFact)
    record = c[FACTS[fact].of] if of_lead or fact is DealFact else c.deal_id
    through = [_of_accounts(record, kind, of_lead)] if of_accounts else []
    return Rows(kind, id=record, owner=c[owner], members=(), through=through)


def _of_accounts(record: ColumnElement[Any], kind: Kind, of_lead: bool) -> Through:
    """What belongs to accounts that the actor owns or has a part in."""
    c = (LEADS if of_lead else DEALS).table.alias("of_account").c
    of_mine = Rows(kind, id=c.id, owner=cast(null(), Uuid), members=(), account=c.account_id)
    return Through(of_mine, c.id, shows=record)
