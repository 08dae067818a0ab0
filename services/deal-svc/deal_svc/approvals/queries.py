"""What a quote costs us."""

from datetime import datetime
from decimal import Decimal
from uuid import UUID

from deal_svc.approvals.costing import Costs
from deal_svc.catalog.queries import products
from deal_svc.quotes.pricing import lines_of
from deal_svc.quotes.record import Quote
from shared.db.tx import Tx
from shared.rates import rate_at


async def costs_of(tx: Tx, quote: Quote, at: datetime) -> Costs:
    """What the products of the quote cost. A cost in another currency counts at the rate of that moment; without a rate it is not known."""
    sold = {x.product_id for x in lines_of(quote)}
    costs: dict[UUID, Decimal] = {}
    for id, product in (await products(tx, sold)).items():
        if product.cost is None or product.cost_currency is None:
            continue
        if product.cost_currency == quote.currency:
            costs[id] = product.cost
        elif rate := await rate_at(tx, tx.settings, product.cost_currency, at):
            costs[id] = product.cost * rate["fx"] / quote.fx
    return costs
