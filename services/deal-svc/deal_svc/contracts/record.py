"""A contract of a deal, as contract-svc told."""

from dataclasses import dataclass
from typing import Annotated
from uuid import UUID

from shared.stored import Stored

REVIEWED = "in_review"
FELL = ("voided", "terminated")
"""It is over. While its deal is open, it has won nothing."""


@dataclass(frozen=True, slots=True)
class DealContract:
    """`state` is contract-svc's word for where it is."""

    contract_id: UUID
    told_version: Annotated[int, Stored(big=True, comment="of the contract's event that told the state")]
    deal_id: UUID
    quote_id: UUID
    number: str
    state: str
