"""Whose figures an actor sees: each measure is of leads, deals or cash, and counts for those whom its facts are credited to.

A part in a record shows the record and its events. It makes nobody's figure of it.
"""

from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import Any

from sqlalchemy import ColumnElement, Uuid, cast, null

from metrics_svc.counting.measure import Measure
from metrics_svc.facts import FACTS
from metrics_svc.facts.deal import DealFact
from metrics_svc.facts.lead import LeadFact
from metrics_svc.figures.question import Question
from metrics_svc.folding.table import TABLES
from metrics_svc.kpi import Part
from shared.access.kinds import LEAD_FIGURES, Kind, reach, sees
from shared.access.rows import Rows, Through
from shared.auth import Actor
from shared.errors import Forbidden, Invalid


def kind_of(measure: Measure) -> Kind:
    return FACTS[measure.of].figures


def kinds_of(parts: Iterable[Part]) -> list[Kind]:
    return list(dict.fromkeys(kind_of(part.measure) for part in parts))


def shown(parts: Sequence[Part], actor: Actor) -> list[Part]:
    """Those of these parts that the actor sees anything of."""
    return [part for part in parts if sees(kind_of(part.measure), actor)]


def is_whole(parts: Iterable[Part]) -> bool:
    """Whether something is counted that is nobody's: then the figure is of the company, or of what no owner decides."""
    return any(FACTS[part.measure.of].whole for part in parts)


def may_see(parts: Sequence[Part], actor: Actor) -> bool:
    """Whether the actor's roles show each of the kinds: a figure is shown to who sees all that it is computed from."""
    return all(sees(kind, actor) for kind in kinds_of(parts)) and (not is_whole(parts) or sees_all(parts, actor))


def must_see(parts: Sequence[Part], actor: Actor) -> None:
    """`Forbidden` where the actor's roles show nothing of one of the kinds, or not all of what counts nobody's."""
    for kind in kinds_of(parts):
        if not sees(kind, actor):
            raise Forbidden(f"Your roles do not show {kind.label}.")
    if is_whole(parts) and not sees_all(parts, actor):
        raise Forbidden("Money spent on campaigns is shown to those who see all figures of leads.")


def must_divide(parts: Sequence[Part], asked: Question) -> None:
    """`Invalid` where a figure is asked for by owner or team that counts what neither has."""
    if named := _undivided(parts, asked):
        says = "Money spent on campaigns has no owner and no team: ask by source, campaign, channel, product or region."
        raise Invalid(says, pointer="by" if asked.by in named else named[0], code="no_such_dimension")


def divides(parts: Sequence[Part], asked: Question) -> bool:
    """Whether `must_divide` lets it be asked so."""
    return not _undivided(parts, asked)


def _undivided(parts: Sequence[Part], asked: Question) -> list[str]:
    return sorted({"owner", "team"} & {asked.by or "", *asked.filters}) if is_whole(parts) else []


def sees_all(parts: Iterable[Part], actor: Actor) -> bool:
    return all(reach(kind, actor).everything for kind in kinds_of(parts))


def visible(measure: Measure, actor: Actor) -> ColumnElement[bool]:
    """The condition for the facts that count for the actor. Its parameters are `params`."""
    kind = kind_of(measure)
    fact: Any = measure.of
    return _rows(fact, measure.who["owner"], kind, reach(kind, actor).accounts).visible(actor)


def sees_fact(fact: type[Any], actor: Actor) -> bool:
    """Whether the actor sees any of these facts; what is nobody's is for those who see all of the kind."""
    of = FACTS[fact]
    return reach(of.figures, actor).everything if of.whole else sees(of.figures, actor)


def visible_facts(fact: type[Any], actor: Actor) -> ColumnElement[bool]:
    """The same for facts by their `owner_id`, whatever counts them."""
    kind = FACTS[fact].figures
    of: Any = fact
    return _rows(of, "owner_id", kind, reach(kind, actor).accounts).visible(actor)


def visible_deals(actor: Actor) -> ColumnElement[bool]:
    """The same for deals as they are now: by today's owner."""
    return visible_facts(DealFact, actor)


def params(parts: Iterable[Part], actor: Actor) -> dict[str, Any]:
    """The parameters of the conditions of these parts."""
    return {} if sees_all(parts, actor) else {"seen_by": actor.id}


@lru_cache(maxsize=256)
def _rows(fact: Any, owner: str, kind: Kind, of_accounts: bool) -> Rows:
    c = TABLES[fact].table.c
    record = c[FACTS[fact].member]
    through = [_of_accounts(record, kind, LeadFact if kind is LEAD_FIGURES else DealFact)] if of_accounts else []
    return Rows(kind, id=record, owner=c[owner], members=(), through=through)


def _of_accounts(record: ColumnElement[Any], kind: Kind, fact: type[Any]) -> Through:
    """What belongs to accounts that the actor owns or has a part in."""
    c = TABLES[fact].table.alias("of_account").c
    of_mine = Rows(kind, id=c.id, owner=cast(null(), Uuid), members=(), account=c.account_id)
    return Through(of_mine, c.id, shows=record)
