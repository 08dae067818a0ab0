"""What rules have done with leads."""

from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import Uuid, bindparam, select

from lead_svc.automation.tables import FIRING
from shared.db.query import Query, is_in


@dataclass(frozen=True, slots=True)
class Fired:
    lead_id: UUID
    rule: str


FIRED = Query(
    select(FIRING.c.lead_id, FIRING.c.rule).distinct().where(is_in(FIRING.c.lead_id, "leads"), is_in(FIRING.c.rule, "rules")), Fired
)
IDS_OF_LEAD = Query(
    select(FIRING.c.id).where(FIRING.c.lead_id == bindparam("lead_id", type_=Uuid)).order_by(FIRING.c.at.desc(), FIRING.c.id).limit(200),
    UUID,
)
"""Of the newest: the timeline shows them."""
