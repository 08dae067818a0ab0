"""Deals that go to somebody else by a hand-over; their quotes go with them."""

from deal_svc.deals.commands import updated
from deal_svc.deals.record import Deal
from deal_svc.deals.tables import DEAL, DEALS
from shared.events.deal import DealUpdated
from shared.handover import parts
from shared.handover.move import Mover, job_of, why
from shared.handover.store import HandOver


def _tells(before: Deal, now: Deal, job: HandOver) -> DealUpdated:
    changed = [name for name in ("owner_id", "team_id") if getattr(before, name) != getattr(now, name)]
    return updated(now, changed, before.owner_id).model_copy(update=why(before, job))


DEALS_GO = Mover(part=parts.DEALS, of=DEALS, tells=_tells, open=DEAL.c.closed_at.is_(None))
hand_over = job_of("deal-svc", [DEALS_GO])
