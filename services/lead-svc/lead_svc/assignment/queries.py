"""Reads what the rules need to know: the people they name, as they are now, and what was decided about a lead before."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ARRAY, Boolean, Date, Integer, Uuid, and_, bindparam, case, exists, func, literal_column, or_, select

from lead_svc.absences.calendars import calendars_of
from lead_svc.absences.tables import ABSENCE
from lead_svc.assignment.board import Board, Known, people_of, reads_loads, team_of
from lead_svc.assignment.policy import AssignmentPolicy, Rule, Strategy
from lead_svc.assignment.record import Assignment
from lead_svc.assignment.rules import Figures, asks_figures, meeting
from lead_svc.assignment.tables import ASSIGNMENT, ASSIGNMENTS, TURN
from lead_svc.leads.queries import beside
from lead_svc.leads.record import Lead
from lead_svc.leads.tables import LEAD, OPEN_ROWS
from lead_svc.seen import LEADS_SEEN
from shared.access.rows import Within
from shared.calendar import day_of
from shared.db.query import Query, is_in
from shared.db.tables import ROSTER
from shared.db.tx import Reader
from shared.http.answer import Answer
from shared.http.listing import Listing
from shared.policy.calendar import calendar_of
from shared.policy.company import COMPANY_POLICY

_away = exists().where(
    ABSENCE.c.person_id == ROSTER.c.person_id,
    ABSENCE.c.first_day <= bindparam("day", type_=Date),
    ABSENCE.c.last_day >= bindparam("day", type_=Date),
)
_open = (
    select(func.count())
    .select_from(LEAD)
    .where(LEAD.c.owner_id == ROSTER.c.person_id, is_in(LEAD.c.state, "counted"), OPEN_ROWS)
    .scalar_subquery()
)
_turns = (
    select(func.jsonb_object_agg(TURN.c.rule, TURN.c.turn))
    .where(TURN.c.person_id == ROSTER.c.person_id, is_in(TURN.c.rule, "rules"))
    .scalar_subquery()
)
_PEOPLE = Query(
    select(
        ROSTER.c.person_id,
        ROSTER.c.team_id,
        ROSTER.c.team_path,
        ROSTER.c.role,
        ROSTER.c.active,
        _away.label("absent"),
        case((bindparam("loads", type_=Boolean), _open), else_=0).label("load"),
        func.coalesce(_turns, literal_column("'{}'::jsonb")).label("turns"),
    ).where(or_(is_in(ROSTER.c.person_id, "people"), ROSTER.c.team_path.bool_op("&&")(bindparam("teams", type_=ARRAY(Uuid))))),
    Known,
)


STRANDED = Query(
    select(LEAD.c.id)
    .join(ROSTER, ROSTER.c.person_id == LEAD.c.owner_id)
    .where(is_in(LEAD.c.id, "ids"), or_(ROSTER.c.active.is_(False), and_(bindparam("away", type_=Boolean), _away))),
    UUID,
)
"""Those of these leads whose owner has left, or is `away`."""
_OWNERS = "SELECT id, owner_id FROM account WHERE id = ANY($1::uuid[]) AND owner_id IS NOT NULL"
_kept = select(*[ASSIGNMENT.c[n] for n in ASSIGNMENTS.names])
OF_LEAD = Query(_kept.where(ASSIGNMENT.c.lead_id == bindparam("lead_id", type_=Uuid)), Assignment)
OF_LEADS = Query(_kept.where(is_in(ASSIGNMENT.c.lead_id, "leads")).order_by(ASSIGNMENT.c.id).with_for_update(), Assignment)


class QueueItem(Answer):
    """A lead that waits: since when, and the rule that had nobody for it; without one no rule is for the lead."""

    id: UUID
    lead_id: UUID
    rule: str | None
    at: datetime


QUEUE = Listing(
    ASSIGNMENT,
    QueueItem,
    filters={name: ASSIGNMENT.c[name] for name in ("rule", "at", "lead_id")},
    sorts=("at",),
    default="at",
    search=(ASSIGNMENT.c.rule,),
)
QUEUE_SEEN = Within(LEADS_SEEN, ASSIGNMENT.c.lead_id)
_merged = exists().where(LEAD.c.id == ASSIGNMENT.c.lead_id, LEAD.c.merged_into.is_not(None))
IN_QUEUE = (ASSIGNMENT.c.outcome == literal_column("'waiting'")) & ~_merged
"""A lead that was merged waits on when it is given back."""
_waiting = (
    _kept.where(IN_QUEUE, ASSIGNMENT.c.id > bindparam("after", type_=Uuid))
    .order_by(ASSIGNMENT.c.id)
    .limit(bindparam("most", type_=Integer))
)
WAITING = Query(_waiting, Assignment)
UNMANNED = Query(_waiting.where(ASSIGNMENT.c.rule.is_not(None)), Assignment)
"""Those of them that a rule is for and had nobody for."""


def today(db: Reader, now: datetime) -> date:
    """The day where the company is."""
    return day_of(now, calendar_of(db.policy(COMPANY_POLICY)).zone)


async def read_figures(db: Reader, policy: AssignmentPolicy, leads: Sequence[Lead]) -> Figures:
    """What conditions ask of these leads that is a row of its own."""
    return await beside(db, [lead.id for lead in leads]) if asks_figures(policy) else {}


async def read_board(
    db: Reader, policy: AssignmentPolicy, leads: Sequence[Lead], figures: Figures, now: datetime, *, loads: bool = False
) -> Board:
    """What the rules need to know of people to decide about these leads: by one statement, another one for each thing that a rule asks.

    `loads`: read how many open leads people have also where that decides nothing.
    """
    rules = meeting(leads, policy, figures)
    owners = await _owners(db, rules, leads)
    people = {*owners.values(), *(id for rule in rules for id in people_of(rule))}
    teams = [team for rule in rules if (team := team_of(rule))]
    given: dict[str, Any] = {"people": list(people), "teams": teams, "rules": [rule.name for rule in rules]}
    given |= {
        "day": today(db, now),
        "loads": loads or reads_loads(policy),
        "counted": [state.value for state in policy.counted],
    }
    known = {one.person_id: one for one in await db.all(_PEOPLE, **given)} if rules else {}
    return Board(policy, known, owners, await _working(db, rules, known, now), figures)


async def _owners(db: Reader, rules: Sequence[Rule], leads: Sequence[Lead]) -> dict[UUID, UUID]:
    accounts = list({lead.account_id for lead in leads if lead.account_id})
    if not accounts or not any(rule.strategy is Strategy.ACCOUNT_OWNER for rule in rules):
        return {}
    return {row["id"]: row["owner_id"] for row in await db.rows(_OWNERS, accounts)}


async def _working(db: Reader, rules: Sequence[Rule], people: Mapping[UUID, Known], now: datetime) -> dict[UUID, bool]:
    """Who is at work now, where a rule asks."""
    if not any(rule.working_hours_only for rule in rules):
        return {}
    return {id: calendar.works_at(now) for id, calendar in (await calendars_of(db, people, today(db, now))).items()}
