"""Reads of drives: their list, dormant leads in batches, and what came of those that were taken up again."""

from dataclasses import dataclass

from sqlalchemy import ColumnElement, Integer, Uuid, bindparam, func, literal_column, select

from lead_svc.dormant.record import Drive
from lead_svc.dormant.tables import DRIVE, DRIVEN, DRIVES
from lead_svc.leads.record import Lead, State
from lead_svc.leads.tables import DORMANT_ROWS, LEAD, LEADS
from shared.db.query import Query, is_in
from shared.http.listing import Listing

OF_CAMPAIGN: ColumnElement[bool] = DRIVE.c.campaign_id == bindparam("campaign_id", type_=Uuid)
LIST = Listing(DRIVE, Drive, filters={n: DRIVE.c[n] for n in ("state", "created_at")}, sorts=("created_at",), default="-created_at")

_open = select(*[DRIVE.c[n] for n in DRIVES.names]).where(literal_column("state IN ('counting', 'running')"))
OPEN = Query(_open.order_by(DRIVE.c.id).limit(1), Drive)
CLAIM = Query(_open.where(DRIVE.c.id == bindparam("id")).with_for_update(skip_locked=True), Drive)

_dormant = (
    select(*[LEAD.c[n] for n in LEADS.names])
    .where(LEAD.c.id > bindparam("after", type_=Uuid), DORMANT_ROWS)
    .order_by(LEAD.c.id)
    .limit(bindparam("most", type_=Integer))
)
DORMANT = Query(_dormant, Lead)
LOCK_DORMANT = Query(_dormant.with_for_update(), Lead)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What has become of the leads that a drive took up again, as they are now."""

    answered: int
    open: int
    mql: int
    sql: int
    converted: int
    given_up: int


def _in(*states: State) -> ColumnElement[int]:
    return func.count().filter(is_in(LEAD.c.state, [state.value for state in states]))


OUTCOME = Query(
    select(
        func.count().filter(LEAD.c.last_response_at > DRIVEN.c.at).label("answered"),
        _in(State.CAPTURED, State.NURTURING).label("open"),
        _in(State.MQL).label("mql"),
        _in(State.SQL, State.CONVERTING).label("sql"),
        _in(State.CONVERTED).label("converted"),
        _in(State.DISQUALIFIED).label("given_up"),
    )
    .select_from(DRIVEN)
    .join(LEAD, LEAD.c.id == DRIVEN.c.lead_id)
    .where(DRIVEN.c.drive_id == bindparam("drive_id", type_=Uuid)),
    Outcome,
)
