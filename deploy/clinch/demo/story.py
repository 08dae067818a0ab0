"""What happens in the demo's year, as plain values: leads, what was done with them, the deals and contracts that came of them."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Literal

from clinch.demo.tables import Customer, Item, Line, Region, Size, Source
from shared.money import shares

SHARES = (Decimal(50), Decimal(30), Decimal(20))
"""Percent of a contract that fall due at the signature, at go-live and at the acceptance."""
NET_DAYS = timedelta(days=30)

Linked = Literal["opened", "revoked", "accepted"]
"""What becomes of the link that a customer gets; by the last one they accept."""


@dataclass(frozen=True, slots=True)
class Prospect:
    """A company and the person there that we talk to."""

    company: str
    contact: str
    job: str
    email: str
    phone: str
    region: Region
    industry: str
    size: Size

    @property
    def fields(self) -> dict[str, str]:
        """As the API and the lists name them."""
        return {
            "company": self.company,
            "contact_name": self.contact,
            "email": self.email,
            "phone": self.phone,
            "job_title": self.job,
            "region": self.region.name,
            "industry": self.industry,
            "size": self.size.name,
        }


@dataclass(frozen=True, slots=True)
class Touch:
    """A contact with the customer, who answered or did not."""

    at: datetime
    kind: str
    answered: bool
    said: str | None


@dataclass(frozen=True, slots=True)
class Finding:
    """A confirmed BANT dimension."""

    dimension: str
    months: int | None
    at: datetime


@dataclass(frozen=True, slots=True)
class Aside:
    """A lead put aside to be woken later, or taken up again since."""

    at: datetime
    reason: str
    wake_at: datetime
    again_at: datetime | None


@dataclass(frozen=True, slots=True)
class Dropped:
    at: datetime
    reason: str


@dataclass(frozen=True, slots=True)
class Bought:
    item: Item
    quantity: int


@dataclass(frozen=True, slots=True)
class Quote:
    """`discount` in percent of the whole. Its amounts need no rounding: prices are whole hundreds."""

    sent_at: datetime
    valid_until: date
    lines: tuple[Bought, ...]
    discount: int
    currency: str
    accepted_at: datetime | None
    rejected_at: datetime | None
    link: Linked | None = None
    """To its document; None where the customer gets no link."""

    @property
    def net(self) -> Decimal:
        return sum((self._net(line) for line in self.lines), Decimal(0))

    @property
    def total(self) -> Decimal:
        return sum((self._net(line) * (100 + line.item.tax_percent) / 100 for line in self.lines), Decimal(0))

    def _net(self, line: Bought) -> Decimal:
        return Decimal(line.item.priced(self.currency, self.sent_at.year) * line.quantity * (100 - self.discount) // 100)


@dataclass(frozen=True, slots=True)
class Offer:
    """A quote that is up for approval when the year ends: so many packs of users, less a discount in percent, in instalments."""

    packs: int
    discount: int
    special_terms: str | None = None


@dataclass(frozen=True, slots=True)
class Payment:
    """`part`: of the contract, which this was paid for; 0 is the one due with the signature."""

    part: int
    at: datetime
    amount: Decimal
    reversed_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Contract:
    """Each step that has not come yet is None, and so are those after it. `payments` in the order in which they came."""

    submitted_at: datetime | None = None
    objected_at: datetime | None = None
    """When our lawyers sent it back once; `submitted_at` is the first submission, `resubmitted_at` the second."""
    withdrawn: bool = False
    """It was the owner who took it back, not the lawyers."""
    resubmitted_at: datetime | None = None
    delegated: bool = False
    """The manager lets somebody else decide."""
    waits: bool = False
    """Submitted so long ago that the time to review it is just over, and nobody has decided."""
    approved_at: datetime | None = None
    sent_at: datetime | None = None
    signed_at: datetime | None = None
    starts_on: date | None = None
    """None: with the signature."""
    voided_at: datetime | None = None
    live_on: date | None = None
    accepted_at: datetime | None = None
    payments: tuple[Payment, ...] = ()

    def due(self, total: Decimal, currency: str) -> list[tuple[datetime, Decimal]]:
        """When which part falls due, as far as that is triggered: by days, so the hour may be another one."""
        live_at = datetime.combine(self.live_on, self.signed_at.timetz()) if self.live_on and self.signed_at else None
        triggers = (self.signed_at, live_at, self.accepted_at)
        parts = shares(total, SHARES, currency)
        return [(at + NET_DAYS, part) for at, part in zip(triggers, parts, strict=True) if at]

    @property
    def received(self) -> Decimal:
        """What came in, and did not go back."""
        return sum((p.amount for p in self.payments if p.reversed_at is None), Decimal(0))


@dataclass(frozen=True, slots=True)
class Lost:
    at: datetime
    reason: str
    competitor: str | None
    reopened_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Deal:
    """A deal and its way: `*_at` say when it entered a stage. `amount` is the first estimate."""

    name: str
    kind: str
    owner: str
    line: Line
    amount: Decimal
    currency: str
    opened_at: datetime
    expected_close_on: date
    proposal_at: datetime | None = None
    negotiation_at: datetime | None = None
    reworked: tuple[datetime, datetime] | None = None
    """When it went back to the proposal, and when it came to the negotiation again."""
    closing_at: datetime | None = None
    won_at: datetime | None = None
    manual: bool = False
    """Won by the director's word, without a contract of ours."""
    lost: Lost | None = None
    quote: Quote | None = None
    contract: Contract | None = None
    offer: Offer | None = None

    @property
    def worth(self) -> Decimal:
        """The amount by now: what the customer accepted, or the estimate."""
        return self.quote.net if self.quote and self.quote.accepted_at else self.amount

    @property
    def last_stage(self) -> str:
        """The last open stage it came to."""
        ways = {"closing": self.closing_at, "negotiation": self.negotiation_at, "proposal": self.proposal_at}
        return next((stage for stage, at in ways.items() if at), "discovery")

    @property
    def stage(self) -> str:
        """Where it stands by now."""
        if self.lost and self.lost.reopened_at is None:
            return "lost"
        if self.won_at and not (self.contract and self.contract.voided_at):
            return "won"
        return self.last_stage

    @property
    def paid(self) -> bool:
        return bool(self.quote and self.contract and self.contract.received == self.quote.total)


@dataclass(frozen=True, slots=True)
class Lead:
    """`owner` is None for one of the pool. At most one of `aside`, `dropped` and `deal` is there."""

    key: str
    captured_at: datetime
    source: Source
    campaign: str
    prospect: Prospect
    line: Line
    owner: str | None = None
    referrer: Customer | None = None
    mql_at: datetime | None = None
    why_mql: str | None = None
    touches: tuple[Touch, ...] = ()
    findings: tuple[Finding, ...] = ()
    qualified_at: datetime | None = None
    aside: Aside | None = None
    dropped: Dropped | None = None
    deal: Deal | None = None


@dataclass(frozen=True, slots=True)
class DirectDeal:
    """A further deal with somebody who is a customer already."""

    key: str
    customer: Customer
    deal: Deal


@dataclass(frozen=True, slots=True)
class Plan:
    """The whole year. `key` begins all external keys, so a demo is known by it. `written` came in lists; the rest is done by hand."""

    key: str
    now: datetime
    currency: str
    written: tuple[Lead, ...]
    worked: tuple[Lead, ...]
    direct: tuple[DirectDeal, ...]
    newest: Lead
    """Captured when all the rest is done: a demo that has it is whole."""

    @property
    def leads(self) -> tuple[Lead, ...]:
        return (*self.written, *self.worked, self.newest)

    @property
    def deals(self) -> tuple[Deal, ...]:
        return (*(lead.deal for lead in self.leads if lead.deal), *(direct.deal for direct in self.direct))
