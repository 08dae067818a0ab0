"""Who sees an item of open work: whoever sees its lead, deal or contract, by the same predicate as everywhere."""

from functools import lru_cache
from typing import Any

from sqlalchemy import ColumnElement, and_, or_, select, true

from metrics_svc.facts.work import WorkItem
from metrics_svc.feed.seen import in_review
from metrics_svc.feed.tables import OWNER
from metrics_svc.folding.table import TABLES
from shared.access.kinds import CONTRACTS, DEALS, LEADS
from shared.access.rows import Rows
from shared.auth import Actor

ITEM = TABLES[WorkItem].table
_c = ITEM.c
_won = select(OWNER.c.id).where(OWNER.c.id == _c.record_id, OWNER.c.won).correlate_except(OWNER).exists()

ROWS = (
    Rows(LEADS, id=_c.record_id, owner=_c.owner_id),
    Rows(DEALS, id=_c.record_id, owner=_c.owner_id, account=_c.account_id, account_if=_won, review=in_review(_c.record_id)),
    Rows(CONTRACTS, id=_c.record_id, owner=_c.owner_id, members=(_c.record_id, _c.deal_id), account=_c.account_id),
)


def listed(actor: Actor) -> ColumnElement[bool]:
    """The condition for the items that the actor sees; `params` are its parameters. The same object for all who see as far.

    The table has an index for each way to see an item, so no ids are looked up first.
    """
    return _together(tuple(rows.visible(actor) for rows in ROWS))


@lru_cache(maxsize=64)
def _together(by_kind: tuple[ColumnElement[bool], ...]) -> ColumnElement[bool]:
    if all(condition is true() for condition in by_kind):
        return true()
    return or_(*[and_(_c.subject == rows.kind.name, condition) for rows, condition in zip(ROWS, by_kind, strict=True)])


def params(actor: Actor) -> dict[str, Any]:
    return {name: value for rows in ROWS for name, value in rows.params(actor).items()}
