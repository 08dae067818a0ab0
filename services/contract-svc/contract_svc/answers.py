"""A contract as answers show it: text, milestones, money, and all acts that can be done with it."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Annotated, Any, ClassVar
from uuid import UUID

from pydantic import AwareDatetime, BaseModel

from contract_svc.acts import CONTRACT_ACTS, MILESTONE_ACTS
from contract_svc.contracts.fields import ContractFields, Signer
from contract_svc.contracts.record import ACCEPTANCE, WORTH, Contract, ContractState, Facts, ReviewPart, Section, masked
from contract_svc.contracts.reviews import CONTRACT_APPROVALS, reviews_of
from contract_svc.contracts.tables import CONTRACTS
from contract_svc.milestones.queries import OF_CONTRACTS
from contract_svc.milestones.record import Milestone, MilestoneState, Trigger
from contract_svc.milestones.rules import balance
from contract_svc.milestones.tables import MILESTONES
from contract_svc.payments.queries import CREDIT_OF, IDS_OF_CONTRACT
from contract_svc.redrafting.queries import standing_of
from shared.acts import AllowedAction, shown
from shared.approvals.answers import ApprovalOut
from shared.approvals.record import Request
from shared.approvals.tables import ids_of
from shared.auth import Actor
from shared.db.tx import Reader
from shared.deadlines import commands as clocks
from shared.deadlines.answers import DeadlineOut
from shared.fields import PERSONAL
from shared.http.answer import Answer
from shared.known import FlagName
from shared.money import Amount, Money, Percent, Quantity, in_minor_units


class MilestoneOut(BaseModel):
    """A payment milestone. `due_on` is the day of one whose trigger is a date.

    `due_day` is the last day to pay, in the company's calendar. `due_at` is the end of that day: what is open then is overdue.
    """

    id: UUID
    version: int
    contract_id: UUID
    position: int
    trigger: Trigger
    percent: Percent
    amount: Money
    due_days: int
    due_on: date | None
    state: MilestoneState
    triggered_at: datetime | None
    due_day: date | None
    due_at: datetime | None
    overdue_since: datetime | None
    paid: Money
    waived: Money
    outstanding: Money
    settled_at: datetime | None
    allowed_actions: list[AllowedAction]

    @classmethod
    def of(cls, milestone: Milestone, by: Actor, contract: Contract) -> "MilestoneOut":
        amounts = {n: getattr(milestone, n) for n in ("amount", "paid", "waived", "outstanding")}
        return cls(
            **{n: getattr(milestone, n) for n in cls.model_fields if n in MILESTONES.names and n not in amounts},
            **{n: Money(amount=amount, currency=milestone.currency) for n, amount in amounts.items()},
            allowed_actions=shown(MILESTONE_ACTS, milestone, by, contract),
        )


class ReviewOut(BaseModel):
    """A part that approved the content."""

    part: ReviewPart
    by: UUID
    at: AwareDatetime


class ContractLineOut(BaseModel):
    """A line of the accepted quote; amounts are in the contract's currency."""

    product_id: UUID
    sku: str
    name: str
    quantity: Quantity
    unit_price: Amount
    discount_percent: Percent
    tax_percent: Percent
    net: Amount
    tax: Amount


class SignerOut(Signer, Answer):
    """Somebody who signs for the customer; the name is masked for roles that see no personal data."""


class ContractItem(ContractFields, Answer):
    """A contract with its money.

    `total` is what the customer pays: `net`, what is ours, and `tax`. A contract that an earlier release drafted during an upgrade has
    neither.

    `outstanding` is not paid or waived, due or not; `overdue` is the part of it that is past due; `credit` was paid too early or too
    much. `acceptance_due_day` is the last day to accept, `acceptance_due_at` its end. `review_overdue`: a part of its review is not
    decided in time.
    """

    version_says_all: ClassVar[bool] = False

    id: UUID
    version: int
    number: str
    revision: int
    state: ContractState
    deal_id: UUID
    quote_id: UUID
    account_id: UUID | None
    account_name: str
    owner_id: UUID | None
    team_id: UUID | None
    source: str | None
    product: str | None
    region: str | None
    total: Money
    net: Money | None
    tax: Money | None
    paid: Money
    waived: Money
    outstanding: Money
    overdue: Money
    credit: Money
    drafted_at: datetime
    signed_at: datetime | None
    live_on: date | None
    acceptance_due_day: date | None
    acceptance_due_at: datetime | None
    acceptance_overdue: bool
    review_overdue: bool
    accepted_at: datetime | None
    deadlines: list[DeadlineOut]
    paid_at: datetime | None
    closed_at: datetime | None
    close_reason: Annotated[str | None, PERSONAL]
    flags: list[FlagName]
    created_at: datetime
    updated_at: datetime
    allowed_actions: list[AllowedAction]


class ContractOut(ContractItem):
    """The whole contract. `content_hash` is that of the content under review, which reviewers approve.

    `approval` is the review that was asked for last, also one that was rejected or withdrawn: who has to decide what until when.
    `reviews` are the parts that approved the content with that hash.

    The policy gave it, when it was drafted: `review_parts`, the parts of the review that it needs; `core_count`, how many core clauses
    must be marked; `acceptance_days`, the calendar days after go-live to accept; `policy_version`, the version of the document.
    """

    lines: list[ContractLineOut]
    sections: dict[Section, str]
    core_clauses: list[Section]
    signers: list[SignerOut]
    content_hash: str | None
    submitted_by: UUID | None
    review_parts: list[ReviewPart]
    reviews: list[ReviewOut]
    approval: ApprovalOut | None
    core_count: int
    acceptance_days: int
    policy_version: int
    milestones: list[MilestoneOut]

    @classmethod
    async def of(cls, contract: Contract, by: Actor, db: Reader) -> "ContractOut":
        """The whole contract, as every route of one contract answers it."""
        ((values, milestones, review),) = await _whole(db, [contract], by, cls)
        asked = review if contract.content_hash else None
        made: dict[str, Any] = {
            **values,
            "lines": [_line(line, contract.currency) for line in contract.lines],
            "submitted_by": asked and asked.approval.requested_by,
            "reviews": [{"part": s.name, "by": s.decided_by, "at": s.decided_at} for s in (asked.approved if asked else ())],
            "approval": review and ApprovalOut.of(review),
            "milestones": [MilestoneOut.of(m, by, contract) for m in milestones],
        }
        return cls.model_validate(made)


async def items(db: Reader, contracts: Sequence[Contract], by: Actor) -> list[ContractItem]:
    """A page of a list, with what hangs on the contracts read by a few statements for all of them."""
    return [ContractItem.model_validate(values) for values, *_ in await _whole(db, contracts, by, ContractItem)]


async def subjects(db: Reader, contract_id: UUID) -> list[UUID]:
    """Whose events are the contract's history: its own, those of its reviews, milestones, deadlines and payments."""
    milestones = [m.id for m in await db.all(OF_CONTRACTS, contract_ids=[contract_id])]
    reviews = await ids_of(db, CONTRACT_APPROVALS.kind, [contract_id])
    deadlines = [d.id for d in (await clocks.of_records(db, [contract_id]))[contract_id]]
    return [contract_id, *reviews, *milestones, *deadlines, *await db.all(IDS_OF_CONTRACT, contract_id=contract_id)]


_SUMS = ("paid", "waived", "outstanding", "overdue")


async def _whole(
    db: Reader, contracts: Sequence[Contract], by: Actor, into: type[ContractItem]
) -> list[tuple[dict[str, Any], list[Milestone], Request | None]]:
    """What `into` shows of each contract, its milestones and its last review."""
    ids = [c.id for c in contracts]
    schedules: dict[UUID, list[Milestone]] = defaultdict(list)
    for milestone in await db.all(OF_CONTRACTS, contract_ids=ids):
        schedules[milestone.contract_id].append(milestone)
    credits = {c.contract_id: c.credit for c in await db.all(CREDIT_OF, contract_ids=ids)}
    deadlines = await clocks.of_records(db, ids)
    reviews = await reviews_of(db, [c.id for c in contracts if into is ContractOut or c.state is ContractState.IN_REVIEW])
    standing = await standing_of(db, contracts)
    names = [n for n in into.model_fields if n in CONTRACTS.names and n not in WORTH]
    made = []
    for contract in contracts:
        milestones, credit = schedules[contract.id], credits.get(contract.id, Decimal(0))
        sums, seen = balance(milestones), masked(contract, by)
        amounts = {**{n: getattr(sums, n) for n in _SUMS}, "credit": credit, **contract.worth}
        review = reviews.get(contract.id)
        facts = Facts(sum((m.amount for m in milestones), Decimal(0)), sums.paid + credit, review, standing.get(contract.id))
        values = {n: getattr(seen, n) for n in names}
        values["flags"] = sorted(contract.flags)
        values |= dict.fromkeys(WORTH) | {n: Money(amount=amount, currency=contract.currency) for n, amount in amounts.items()}
        shown_deadlines = [DeadlineOut.of(d) for d in deadlines[contract.id]]
        values["acceptance_overdue"] = any(d.overdue for d in shown_deadlines if d.name == ACCEPTANCE)
        values["deadlines"] = shown_deadlines
        values |= {"allowed_actions": shown(CONTRACT_ACTS, contract, by, facts), "review_overdue": review is not None and review.overdue}
        made.append((values, milestones, review))
    return made


def _line(line: dict[str, Any], currency: str) -> dict[str, Any]:
    return line | {n: in_minor_units(Decimal(line[n]), currency) for n in ("unit_price", "net", "tax")}
