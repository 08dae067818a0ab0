"""What a customer may do with a quote that a link shows. Pure."""

from deal_svc.deals.pipeline import Stage
from deal_svc.quotes.record import Quote, QuoteStatus
from deal_svc.quotes.rules import ACCEPT, QuoteFacts
from shared.auth.actor import SYSTEM


def over(quote: Quote, facts: QuoteFacts) -> str | None:
    """Why the link shows no quote any more, in one word: a status, `lost` or `other_accepted`; None while it does.

    A yes that was given stands, whatever its day.
    """
    if facts.deal.stage is Stage.LOST:
        return "lost"
    if quote.status is QuoteStatus.ACCEPTED:
        return None
    if facts.rival_accepted:
        return "other_accepted"
    if quote.status is QuoteStatus.SENT:
        return "expired" if facts.today > quote.valid_until else None
    return quote.status.value


def answerable(quote: Quote, facts: QuoteFacts) -> bool:
    """Whether the customer can say yes now; no is asked for beside it."""
    return not ACCEPT.unmet(quote, facts, SYSTEM)
