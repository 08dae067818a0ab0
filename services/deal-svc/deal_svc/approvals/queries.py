"""Who of the roster may be asked about a quote, and what it costs us."""

from collections.abc import Collection
from datetime import datetime
from decimal import Decimal
from uuid import UUID

from sqlalchemy import Uuid, any_, bindparam, exists, select

from deal_svc.approvals.costing import Costs
from deal_svc.approvals.rules import Candidate
from deal_svc.catalog.queries import products
from deal_svc.quotes.pricing import lines_of
from deal_svc.quotes.record import Quote
from shared.auth.actor import Role
from shared.db.query import Query, is_in
from shared.db.tables import ROSTER
from shared.db.tx import Reader, Tx
from shared.rates import rate_at

_ASKED = (Role.manager, Role.regional_head, Role.director, Role.finance, Role.legal, Role.admin)
_owner = ROSTER.alias("owner")
_led = ROSTER.c.team_id == any_(_owner.c.team_path)
_leads = exists().where(_owner.c.person_id == bindparam("owner_id", type_=Uuid), _led).correlate(ROSTER)
_CANDIDATES = Query(
    select(ROSTER.c.person_id, ROSTER.c.role, _leads.label("leads"))
    .where(ROSTER.c.active, is_in(ROSTER.c.role, [role.value for role in _ASKED]))
    .order_by(ROSTER.c.person_id),
    Candidate,
)


async def candidates(db: Reader, owner_id: UUID | None) -> Collection[Candidate]:
    """Those who are there and have a role that is asked, whatever the step."""
    return [Candidate(one.person_id, Role(one.role), one.leads) for one in await db.all(_CANDIDATES, owner_id=owner_id)]


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
