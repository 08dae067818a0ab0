"""Reads of the contracts that the reader may see."""

from sqlalchemy import bindparam, func, select

from contract_svc.contracts.fields import ContractFields
from contract_svc.contracts.record import ACCEPTANCE, UNSIGNED, Contract
from contract_svc.contracts.tables import CONTRACT, CONTRACTS
from shared.access import kinds
from shared.access.rows import Rows
from shared.access.scoped import Scoped
from shared.db.query import Query, is_in
from shared.deadlines import answers as deadlines
from shared.http.listing import Listing, described
from shared.parties.embedded import ACCOUNT
from shared.policy.company import sources_of

LIST = Listing(
    CONTRACT,
    Contract,
    kind=kinds.CONTRACTS,
    filters={
        **{name: CONTRACT.c[name] for name in ("id", "state", "number", "source", "product", "region", "currency", "total")},
        **{name: CONTRACT.c[name] for name in ("owner_id", "team_id", "account_id", "deal_id", "quote_id")},
        **{name: CONTRACT.c[name] for name in ("drafted_at", "signed_at", "paid_at", "closed_at", "created_at", "updated_at")},
        **{name: CONTRACT.c[name] for name in ("live_on", "acceptance_due_day", "acceptance_due_at")},
        "acceptance_overdue": deadlines.overdue(CONTRACT.c.id, ACCEPTANCE),
        **deadlines.filters(CONTRACT.c.id),
        **described(CONTRACT, ContractFields),
    },
    sorts=("created_at", "updated_at", "drafted_at", "signed_at", "starts_on", "ends_on", "total"),
    default="-created_at",
    search=(CONTRACT.c.number, CONTRACT.c.account_name),
    stored={"source": sources_of},
    embeds={"account": ACCOUNT},
)


ROWS = Rows(
    kinds.CONTRACTS,
    id=CONTRACT.c.id,
    owner=CONTRACT.c.owner_id,
    members=(CONTRACT.c.id, CONTRACT.c.deal_id),
    account=CONTRACT.c.account_id,
)
"""Those that an actor sees. The team of a deal sees its contracts."""
SEEN = Scoped(CONTRACTS, ROWS)

_locked = select(*[CONTRACT.c[n] for n in CONTRACTS.names]).order_by(CONTRACT.c.id).with_for_update()
_unsigned = _locked.where(is_in(CONTRACT.c.state, [s.value for s in UNSIGNED]))
OF_DEAL = Query(_locked.where(CONTRACT.c.deal_id == bindparam("deal_id")), Contract)
UNSIGNED_OF_DEAL = Query(_unsigned.where(CONTRACT.c.deal_id == bindparam("deal_id")), Contract)
UNSIGNED_OF_QUOTE = Query(_unsigned.where(CONTRACT.c.quote_id == bindparam("quote_id")), Contract)
OF_QUOTE = Query(select(func.count()).select_from(CONTRACT).where(CONTRACT.c.quote_id == bindparam("quote_id")), int)
