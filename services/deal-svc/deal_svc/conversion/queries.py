"""Reads of the leads that a deal came from."""

from uuid import UUID

from sqlalchemy import bindparam, select

from deal_svc.conversion.record import JoinedLead
from deal_svc.conversion.tables import DEAL_LEAD
from deal_svc.deals.tables import DEAL
from shared.db.query import Query

OF_LEAD = Query(select(DEAL.c.id).where(DEAL.c.lead_id == bindparam("lead_id")).limit(1), UUID)
JOINED = Query(
    select(*DEAL_LEAD.c).where(DEAL_LEAD.c.deal_id == bindparam("deal_id")).order_by(DEAL_LEAD.c.joined_at, DEAL_LEAD.c.lead_id), JoinedLead
)
