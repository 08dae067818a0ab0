"""Deals: what their events tell, and what a deal is now."""

from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from metrics_svc.counting.dimensions import Placed
from metrics_svc.counting.fact import SALES, Fact
from metrics_svc.counting.measure import Measure
from metrics_svc.counting.times import Calendar
from metrics_svc.sales.history import REPLACES, STEPS, flagged
from shared.events import contract, deal
from shared.events import quote as of_quotes
from shared.events.envelope import Envelope, Money


@dataclass(slots=True)
class DealFact(Placed):
    """A deal as it is now. `cohort_at` is its lead's capture (line `lead`), or its own opening (line `direct`)."""

    id: UUID
    lead_id: UUID | None = None
    account_id: UUID | None = None
    external_id: str | None = None
    flags: list[str] = field(default_factory=list)
    history: list[list[Any]] = field(default_factory=list)
    payments: list[list[Any]] = field(default_factory=list)
    nets: list[list[Any]] = field(default_factory=list)  # of its contracts and accepted quotes: id, net, and of a contract its quote
    last_activity_at: datetime | None = None  # read by the release before, and not written any more; it goes with the next one
    # Derived, as its dimensions are.
    line: str | None = None
    cohort_at: datetime | None = None
    opened_at: datetime | None = None
    qualified_at: datetime | None = None  # its opening if it came from a lead, else when it was first beyond discovery
    qualified_owner_id: UUID | None = None
    qualified_team_id: UUID | None = None
    stage: str | None = None
    is_open: bool = False
    probability: int | None = None
    amount: Decimal | None = None  # in the reporting currency, as are all amounts of facts


UNKNOWN_STAGE = "unknown_stage"
"""The flag of a deal that was in a stage which this release does not know: its figures are right again after an upgrade."""
OPENED_UNKNOWN = "opened_at_unknown"
"""The flag of an imported deal whose opening is only its first known moment: how long it took is not known then."""


def heard(fact: DealFact, e: Envelope[Any], _: Calendar) -> None:
    """An event of the deal itself."""
    if (replace := REPLACES.get(type(e.data))) is not None:
        fact.history = replace(e, fact.history)
        fact.lead_id, fact.account_id, fact.external_id = e.data.lead_id, e.data.account_id, e.data.external_id
        fact.flags = [*e.data.flags, *[f for f in ("imported",) if f in fact.flags]]
        return
    if (tell := STEPS.get(type(e.data))) is not None:
        fact.history = [*fact.history, tell(e)]
    if isinstance(e.data, deal.DealUpdated):
        fact.account_id = e.data.account_id or fact.account_id
        if "lead_id" in e.data.changed:  # it was merged into this one
            fact.lead_id = e.data.lead_id
    if isinstance(e.data, deal.DealOpened):
        fact.lead_id, fact.account_id, fact.external_id = e.data.lead_id, e.data.account_id, e.data.external_id
        for name in e.data.flags + (["imported"] if e.data.imported else []):
            fact.flags = flagged(fact.flags, name)
    elif isinstance(e.data, deal.DealWon) and e.data.manual:
        fact.flags = flagged(fact.flags, "manual_win")


def _paid(fact: DealFact, e: Envelope[Any], _: Calendar) -> None:
    """The deal's contract was paid in full, or is no longer. Kept per contract, so that the order of contracts does not matter."""
    full = isinstance(e.data, contract.ContractPaidInFull)
    at = e.data.paid_at if full else e.time
    total = e.data.total.amount * e.data.fx
    paid = e.data.paid.amount * e.data.fx if full and e.data.paid else total
    entry = [str(e.subject), "paid" if full else "unpaid", at.isoformat(), str(paid), str(total)]
    fact.payments = sorted([*fact.payments, entry], key=lambda known: str(known[0]))
    _worth(fact, e, e.data.net, quote=str(e.data.quote_id))


def _accepted(fact: DealFact, e: Envelope[of_quotes.QuoteAccepted], _: Calendar) -> None:
    """A contract that an earlier release told of does not say what of it is net, but its quote does."""
    _worth(fact, e, e.data.net)


def _worth(fact: DealFact, e: Envelope[Any], net: Money | None, quote: str | None = None) -> None:
    told = [str(e.subject), None if net is None else str(net.amount * e.data.fx), quote]
    fact.nets = sorted([*[known for known in fact.nets if known[0] != told[0]], told], key=lambda known: str(known[0]))


def nets_of_contracts(fact: DealFact) -> dict[str, Decimal]:
    """What of each contract that was paid is without tax, where that is known: it says so itself, or its quote does."""
    known = {id: net for id, net, _ in fact.nets if net is not None}
    return {id: Decimal(net) for id, _, quote in fact.nets if (net := known.get(id) or known.get(quote)) is not None}


FACT = Fact(
    "deal_fact",
    DealFact,
    ("id",),
    lane=SALES,
    record="deal",
    hears={
        **dict.fromkeys([*STEPS, *REPLACES], heard),
        contract.ContractPaidInFull: _paid,
        contract.ContractPaymentReopened: _paid,
        of_quotes.QuoteAccepted: _accepted,
    },
    through={contract.ContractPaidInFull: "deal_id", contract.ContractPaymentReopened: "deal_id", of_quotes.QuoteAccepted: "deal_id"},
    begins=(of_quotes.QuoteCreated,),
    indexes=("lead_id", "owner_id", "opened_at", "is_open stage"),
    sparse=("qualified_owner_id", "account_id"),
)


QUALIFIED = Measure("qualified", DealFact, at="qualified_at", credit="qualified")
