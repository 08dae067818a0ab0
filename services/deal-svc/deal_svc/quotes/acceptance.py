"""When a quote can be accepted: in negotiation or later, or before it when somebody who leads says why. Pure."""

from deal_svc.deals.pipeline import Stage, place
from deal_svc.deals.record import Deal
from deal_svc.deals.rules import NO_REASON
from shared.auth.actor import LEADERS, Actor
from shared.errors import Unmet

EARLY = Unmet("not_in_negotiation", "The deal is not in negotiation yet; until then a manager can record the acceptance, with a reason.")


def is_early(deal: Deal) -> bool:
    """Whether an acceptance would pass gates that the deal has not gone through."""
    return deal.is_open and place(deal.stage) < place(Stage.NEGOTIATION)


def turn_unmet(deal: Deal, by: Actor) -> list[Unmet]:
    return [EARLY] if is_early(deal) and not by.has(*LEADERS) else []


def reason_unmet(deal: Deal, reason: str | None) -> list[Unmet]:
    return [NO_REASON] if is_early(deal) and not reason else []
