"""What can be handed over, which part of it is where, and what can be asked of it. No I/O."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum


class HandOverKind(StrEnum):
    """Kinds of records that can be handed over."""

    LEADS = "leads"
    ACCOUNTS = "accounts"
    DEALS = "deals"
    CONTRACTS = "contracts"


_ALL = frozenset({"state", "team_id", "region", "product", "source", "account_ids"})
FILTERS = {
    HandOverKind.LEADS: _ALL,
    HandOverKind.ACCOUNTS: frozenset({"region", "account_ids"}),
    HandOverKind.DEALS: _ALL,
    HandOverKind.CONTRACTS: _ALL,
}
"""What can be asked of each kind. Accounts have no state, product or source, and no team of their own."""


@dataclass(frozen=True, slots=True)
class Part:
    """Some of the records of a kind, all in one service."""

    name: str
    kind: HandOverKind
    service: str


LEADS = Part("leads", HandOverKind.LEADS, "lead-svc")
ACCOUNTS = Part("accounts", HandOverKind.ACCOUNTS, "lead-svc")
DEALS = Part("deals", HandOverKind.DEALS, "deal-svc")
UNSIGNED_CONTRACTS = Part("unsigned_contracts", HandOverKind.DEALS, "contract-svc")
"""A contract that is not signed yet belongs to its deal, and goes with it."""
CONTRACTS = Part("contracts", HandOverKind.CONTRACTS, "contract-svc")
PARTS = (LEADS, ACCOUNTS, DEALS, UNSIGNED_CONTRACTS, CONTRACTS)


def services_of(kinds: Iterable[str]) -> list[str]:
    """The services that have records of these kinds."""
    asked = set(kinds)
    return list(dict.fromkeys(part.service for part in PARTS if part.kind in asked))
