"""Leads that may be the same: found by what they have in common, by indexes, for one lead or thousands."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any
from uuid import UUID

from pydantic import BaseModel
from sqlalchemy import ColumnElement, Integer, Select, and_, any_, bindparam, exists, func, literal, or_, select, true, union
from sqlalchemy.dialects.postgresql import distinct_on

from lead_svc.duplicates.policy import POLICY
from lead_svc.duplicates.record import Certainty, Duplicate, DuplicateState
from lead_svc.duplicates.rules import Likeness, is_open, likeness, pair, pair_id
from lead_svc.duplicates.tables import DUPLICATE, DUPLICATES
from lead_svc.leads import keys
from lead_svc.leads.record import Lead
from lead_svc.leads.tables import LEAD, LEADS
from lead_svc.seen import LEADS_SEEN
from shared.access.rows import Within
from shared.auth.actor import Actor, Role
from shared.db.query import Query, is_in
from shared.db.tables import ROSTER
from shared.db.tx import Reader
from shared.http.listing import Listing

MOST_ALIKE = 20
"""Leads that are looked at for each thing in common: what more of them share, such as a switchboard, tells nothing of one."""

_GIVEN, _OTHER = LEAD.alias("given"), LEAD.alias("other")


@dataclass(frozen=True, slots=True)
class _Pair:
    lead_id: UUID
    other_id: UUID


@dataclass(frozen=True, slots=True)
class Alike:
    """A lead, another one that has much in common with it, and what was said of the two before."""

    lead: Lead
    other: Lead
    likeness: Likeness
    known: Duplicate | None

    @property
    def dismissed(self) -> bool:
        return self.known is not None and self.known.state is DuplicateState.DISMISSED


def _sharing(key: ColumnElement[Any], given: Any) -> Select[Any]:
    shared = select(_OTHER.c.id).where(key == given, _OTHER.c.id != _GIVEN.c.id)
    return shared.limit(bindparam("most", type_=Integer)).correlate(_GIVEN)


def _sharing_a_word() -> Select[Any]:
    """The key of the company with each word of the name, whichever of them others write first.

    Looked up one by one: for a list of keys Postgres expects so many leads that it would rather read all of them.
    """
    words = (
        func.regexp_split_to_table(_GIVEN.c.contact_name, literal("[[:space:][:punct:]]+"))
        .table_valued("word", name="words")
        .render_derived()
        .lateral()
    )
    key = keys.company_and_name(_OTHER.c.company, _OTHER.c.contact_name)
    of_word = _sharing(key, keys.company_and_name(_GIVEN.c.company, words.c.word)).correlate(_GIVEN, words).lateral("of_word")
    found = select(of_word.c.id).select_from(words).join(of_word, true())
    return found.limit(bindparam("most", type_=Integer)).correlate(_GIVEN)


_found = union(
    _sharing(keys.email_key(_OTHER.c.email), keys.email_key(_GIVEN.c.email)),
    _sharing(keys.phone_key(_OTHER.c.phone), keys.phone_key(_GIVEN.c.phone)),
    _sharing_a_word(),
).lateral("found")
_pairs = select(_GIVEN.c.id.label("lead_id"), _found.c.id.label("other_id")).select_from(_GIVEN).join(_found, true())
_PAIRS = Query(_pairs.where(is_in(_GIVEN.c.id, "ids")), _Pair)
_columns = [DUPLICATE.c[name] for name in DUPLICATES.names]
_of_leads = select(*_columns).where(or_(is_in(DUPLICATE.c.lead_id, "ids"), is_in(DUPLICATE.c.other_id, "ids"))).order_by(DUPLICATE.c.id)
OF_LEADS = Query(_of_leads, Duplicate)
LOCK_OF_LEADS = Query(_of_leads.with_for_update(), Duplicate)

_strong = union(
    *[
        select(key.label("key")).where(is_in(LEAD.c.id, "ids"), key.is_not(None))
        for key in (keys.email_key(LEAD.c.email), keys.phone_key(LEAD.c.phone))
    ]
).subquery()
_in_order = select(_strong.c.key).order_by(_strong.c.key).subquery()
ONE_BY_ONE = Query(select(func.pg_advisory_xact_lock(func.hashtextextended(literal("duplicates/") + _in_order.c.key, 0))), type(None))
"""Waits for whoever else enters the address or the number of these leads: of two at once, the second sees the first."""


async def pairs(db: Reader, ids: Sequence[UUID]) -> set[tuple[UUID, UUID]]:
    """Leads that share something with these, each pair once."""
    return {pair(one.lead_id, one.other_id) for one in await db.all(_PAIRS, ids=list(ids), most=MOST_ALIKE)}


async def alike(db: Reader, lead: Lead) -> list[Alike]:
    """The leads that may be the same as this one, also closed and dismissed ones; certain ones first."""
    others = {one if other == lead.id else other for one, other in await pairs(db, [lead.id])}
    if not others:
        return []
    known = {duplicate.id: duplicate for duplicate in await db.all(OF_LEADS, ids=[lead.id])}
    policy = db.policy(POLICY)
    found = [
        Alike(lead, other, likeness(lead, other, policy), known.get(pair_id(lead.id, other.id)))
        for other in await db.all(LEADS.get_many, ids=list(others))
        if other.merged_into is None  # then it is the survivor that may be the same
    ]
    return sorted((one for one in found if one.likeness.certainty), key=lambda one: (not is_open(one.other), -one.likeness.points))


async def unresolved(db: Reader, lead: Lead) -> list[Alike]:
    """The open leads that are certainly the same as this one, and of which nobody has said that they are not."""
    return [
        one for one in await alike(db, lead) if one.likeness.certainty is Certainty.CERTAIN and is_open(one.other) and not one.dismissed
    ]


# -- Who sees what of them ---------------------------------------------------------------------------------------------------


@lru_cache(maxsize=16)
def _seen(visible: ColumnElement[bool]) -> Query[UUID]:
    return Query(select(LEAD.c.id).where(is_in(LEAD.c.id, "ids"), visible), UUID)


async def seen_among(db: Reader, by: Actor, ids: Sequence[UUID]) -> set[UUID]:
    """Those of these leads that the actor may see."""
    return set(await db.all(_seen(LEADS_SEEN.visible(by)), ids=list(ids), **LEADS_SEEN.params(by)))


@dataclass(frozen=True, slots=True)
class _Led:
    owner_id: UUID
    leader_id: UUID


_owner, _leader = ROSTER.alias("owner"), ROSTER.alias("leader")
_LEADERS = Query(
    select(_owner.c.person_id.label("owner_id"), _leader.c.person_id.label("leader_id"))
    .ext(distinct_on(_owner.c.person_id))
    .join_from(_owner, _leader, _leader.c.team_id == any_(_owner.c.team_path))
    .where(is_in(_owner.c.person_id, "owners"), _leader.c.active, is_in(_leader.c.role, [Role.manager.value, Role.regional_head.value]))
    .order_by(_owner.c.person_id, func.array_position(_owner.c.team_path, _leader.c.team_id).desc(), _leader.c.person_id),
    _Led,
)


async def leaders_of(db: Reader, owners: Sequence[UUID]) -> dict[UUID, UUID]:
    """Who leads each of these owners, from the nearest team that has somebody."""
    return {one.owner_id: one.leader_id for one in await db.all(_LEADERS, owners=list(set(owners)))}


class _Both:
    """Pairs of which one sees both leads."""

    def __init__(self, *each: Within) -> None:
        self._each = each
        self._condition = lru_cache(maxsize=64)(and_)

    def listed(self, actor: Actor) -> ColumnElement[bool]:
        return self._condition(*(one.listed(actor) for one in self._each))

    def params(self, actor: Actor) -> dict[str, Any]:
        return self._each[0].params(actor)


MERGED = exists().where(or_(LEAD.c.id == DUPLICATE.c.lead_id, LEAD.c.id == DUPLICATE.c.other_id), LEAD.c.merged_into.is_not(None))
"""One of the pair was merged: the two are one, or it is the survivor that may be the same as the other."""


@lru_cache(maxsize=64)
def of_two(seen: ColumnElement[bool]) -> ColumnElement[bool]:
    """Pairs of which none was merged. The same object each time: by that a compiled statement is found again."""
    return ~MERGED & seen


PAIRS_SEEN = _Both(Within(LEADS_SEEN, DUPLICATE.c.lead_id), Within(LEADS_SEEN, DUPLICATE.c.other_id))


class DuplicateItem(BaseModel):
    """A pair of leads. `state`: suspected, dismissed (they are not the same) or cleared (they were changed)."""

    id: UUID
    lead_id: UUID
    other_id: UUID
    state: DuplicateState
    certainty: Certainty
    points: int
    decided_by: UUID | None
    decided_at: datetime | None
    created_at: datetime
    updated_at: datetime
    version: int


LIST = Listing(
    DUPLICATE,
    DuplicateItem,
    filters={name: DUPLICATE.c[name] for name in ("state", "certainty", "points", "lead_id", "other_id", "created_at")},
    sorts=("created_at",),
    default="-created_at",
)
