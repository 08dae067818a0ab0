"""The contracts of payments, beside the items of a list: `embed=contract`."""

from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import select

from contract_svc.contracts.record import ContractState
from contract_svc.contracts.tables import CONTRACT
from shared.db.query import Query, is_in
from shared.http.embed import Embedded, all_of


@dataclass(frozen=True, slots=True)
class ContractName:
    """A contract of some of the items, with the customer as it names them."""

    id: UUID
    number: str
    state: ContractState
    account_id: UUID
    account_name: str


_NAMES = Query(
    select(*[CONTRACT.c[name] for name in ContractName.__slots__]).where(is_in(CONTRACT.c.id, "ids")).order_by(CONTRACT.c.number),
    ContractName,
)
EMBEDDED_CONTRACT = Embedded("contract_id", "contracts", ContractName, all_of(_NAMES))
"""Whoever sees a payment sees its contract."""
