"""Reads of milestones, by position. Everyone who sees the contract sees them."""

from sqlalchemy import bindparam, select

from contract_svc.milestones.record import Milestone
from contract_svc.milestones.tables import MILESTONE, MILESTONES
from shared.db.query import Query, is_in

_all = select(*[MILESTONE.c[n] for n in MILESTONES.names]).order_by(MILESTONE.c.position)
OF_CONTRACT = Query(_all.where(MILESTONE.c.contract_id == bindparam("contract_id")), Milestone)
OF_CONTRACTS = Query(_all.where(is_in(MILESTONE.c.contract_id, "contract_ids")), Milestone)
