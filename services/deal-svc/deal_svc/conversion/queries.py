"""Reads of the leads that a deal came from."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import ColumnElement, Uuid, bindparam, select

from deal_svc.conversion.record import JoinedLead
from deal_svc.conversion.tables import DEAL_LEAD
from deal_svc.deals.tables import DEAL
from shared.db.query import Query
from shared.http.listing import Listing

OF_LEAD = Query(select(DEAL.c.id).where(DEAL.c.lead_id == bindparam("lead_id")).limit(1), UUID)
JOINED = Listing(DEAL_LEAD, JoinedLead, filters={}, sorts=("joined_at",), default="joined_at", key="lead_id")
OF_DEAL: ColumnElement[bool] = DEAL_LEAD.c.deal_id == bindparam("deal_id", type_=Uuid)
JOINED_AT = Query(select(DEAL_LEAD.c.joined_at).where(OF_DEAL, DEAL_LEAD.c.lead_id == bindparam("lead_id")), datetime)
