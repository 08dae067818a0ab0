"""Which records of the feed an actor sees, in statements: the same rules as in the services that own them."""

from typing import Any

from sqlalchemy import ColumnElement, FromClause, and_, false, or_, select, true

from metrics_svc.feed.records import AGGREGATES, EVERYBODYS, SEEN_AS
from metrics_svc.feed.tables import FEED, OWNER
from shared.access.kinds import ACCOUNTS, CONTRACTS, DEALS, LEADS, Kind, reach
from shared.access.rows import Rows, Through
from shared.auth import Actor
from shared.db.query import is_in

CONTRACT = OWNER.alias("contract")


def in_review(of: Any) -> ColumnElement[bool]:
    """Whether a contract of the deal in this column is in review, or a quote of it is up for approval."""
    return select(CONTRACT.c.id).where(CONTRACT.c.deal_id == of, CONTRACT.c.review).correlate_except(CONTRACT).exists()


def _rows(record: FromClause) -> dict[Kind, Rows]:
    """The rows of each kind that say by themselves who sees them."""
    c = record.c
    return {
        LEADS: Rows(LEADS, id=c.id, owner=c.owner_id),
        DEALS: Rows(DEALS, id=c.id, owner=c.owner_id, account=c.account_id, account_if=c.won, review=in_review(c.id)),
        CONTRACTS: Rows(CONTRACTS, id=c.id, owner=c.owner_id, members=(c.id, c.deal_id), account=c.account_id),
    }


def _account(record: FromClause) -> Rows:
    """An account is also shown by its leads, deals and contracts."""
    other = OWNER.alias("other")
    through = [Through(rows, other.c.account_id, shows=record.c.id, only=other.c.kind == kind.name) for kind, rows in _rows(other).items()]
    return Rows(ACCOUNTS, id=record.c.id, owner=record.c.owner_id, through=through)


ROWS: dict[Kind, Rows] = {**_rows(OWNER), ACCOUNTS: _account(OWNER)}


def sees_everything(actor: Actor) -> bool:
    return all(reach(kind, actor).everything for kind in SEEN_AS)


def conditions(actor: Actor) -> tuple[ColumnElement[bool], ...]:
    """By kind: which of its records the actor sees. The same objects for everybody who sees as far, as keys of statements."""
    return tuple(ROWS[kind].visible(actor) for kind in SEEN_AS)


def visible(by_kind: tuple[ColumnElement[bool], ...]) -> ColumnElement[bool]:
    """Which events of the feed are seen, with the records that they belong to beside them.

    Who does not see all of a kind sees nothing of a record that is not known yet.
    """
    seen: list[ColumnElement[bool]] = [is_in(FEED.c.aggregate, EVERYBODYS)]
    for kind, condition in zip(SEEN_AS, by_kind, strict=True):
        known = true() if condition is true() else OWNER.c.id.is_not(None)
        seen.append(and_(is_in(FEED.c.aggregate, AGGREGATES[kind]), known, condition))
    return or_(false(), *seen)


def params(actor: Actor) -> dict[str, Any]:
    return {} if sees_everything(actor) else {"seen_by": actor.id}
