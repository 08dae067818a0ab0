"""Routes of contracts: reading them, and editing drafts. Their steps are in `signing` and `delivery`."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Annotated, Any, ClassVar
from uuid import UUID

from fastapi import APIRouter, Depends
from pydantic import AwareDatetime, BaseModel, Field

from contract_svc.contracts import commands, queries, rules
from contract_svc.contracts.rules import EDITING, Contract, Section, State
from contract_svc.delivery import rules as delivery
from contract_svc.milestones.api import MilestoneOut, milestone_out
from contract_svc.milestones.queries import OF_CONTRACTS
from contract_svc.milestones.rules import Milestone, balance
from contract_svc.payments.queries import CREDIT_OF, IDS_OF_CONTRACT
from contract_svc.payments.rules import receive_unmet
from contract_svc.signing import rules as signing
from contract_svc.signing.rules import ReviewPart
from shared.auth import Actor, CurrentActor, require
from shared.db import scope
from shared.db.tx import Reader
from shared.fields import Day, LongText, Name, Reason, When
from shared.http.actions import AllowedAction, actions
from shared.http.body import Body
from shared.http.edge import ClinchRoute, IfMatch, InTx, Reading
from shared.http.listing import Page, PageRequest
from shared.http.patch import NOT_GIVEN
from shared.http.timeline import TIMELINE, TimelineEntry, timeline
from shared.money import Amount, Money, Percent, Quantity, in_minor_units

router = APIRouter(prefix="/v1/contracts", tags=["contracts"], route_class=ClinchRoute)


class Act(Body):
    at: When = None


class ReasonedAct(Act):
    reason: Reason


class Sections(Body):
    """The five mandatory parts (C2)."""

    scope: LongText = NOT_GIVEN
    price_payment: LongText = NOT_GIVEN
    delivery_acceptance: LongText = NOT_GIVEN
    breach_disputes: LongText = NOT_GIVEN
    confidentiality_ip: LongText = NOT_GIVEN


class Signer(Body):
    """Somebody who signs for the customer; `contact_id` where they are a contact of the account. Answers mask the name for roles that
    see no personal data."""

    name: Name
    contact_id: UUID | None = None


class SignerOut(BaseModel):
    name: str
    contact_id: UUID | None = None


Signers = Annotated[list[Signer], Field(min_length=1, max_length=20)]


class ContractPatch(Act):
    sections: Annotated[Sections, Field(description="Those that are given are replaced")] = NOT_GIVEN
    core_clauses: Annotated[list[Section], Field(max_length=5, description="The three that the customer confirms one by one")] = NOT_GIVEN
    signers: Annotated[list[Signer], Field(max_length=20)] = NOT_GIVEN
    sign_by: Annotated[Day | None, Field(description="The last day to sign")] = NOT_GIVEN
    committed_go_live_on: Day | None = NOT_GIVEN
    starts_on: Annotated[Day | None, Field(description="When it takes effect; by default on the day of the signature")] = NOT_GIVEN
    ends_on: Day | None = NOT_GIVEN


class ReviewOut(BaseModel):
    part: ReviewPart
    by: UUID
    at: AwareDatetime


class LineOut(BaseModel):
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


class ContractItem(BaseModel):
    """`outstanding` is all that was not paid or waived, due or not; `overdue` the part of it that is past due; `credit` what was
    paid too early or too much. `acceptance_due_day` is the last day to accept, `acceptance_due_at` the end of that day."""

    version_says_all: ClassVar[bool] = False

    id: UUID
    version: int
    number: str
    revision: int
    state: State
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
    paid: Money
    waived: Money
    outstanding: Money
    overdue: Money
    credit: Money
    sign_by: date | None
    committed_go_live_on: date | None
    starts_on: date | None
    ends_on: date | None
    drafted_at: datetime
    signed_at: datetime | None
    live_on: date | None
    acceptance_due_day: date | None
    acceptance_due_at: datetime | None
    acceptance_overdue: bool
    accepted_at: datetime | None
    paid_at: datetime | None
    closed_at: datetime | None
    close_reason: str | None
    created_at: datetime
    updated_at: datetime
    allowed_actions: list[AllowedAction]


class ContractOut(ContractItem):
    """`content_hash` is that of the content under review, and what reviewers approve."""

    lines: list[LineOut]
    sections: dict[Section, str]
    core_clauses: list[Section]
    signers: list[SignerOut]
    content_hash: str | None
    submitted_by: UUID | None
    reviews: list[ReviewOut]
    milestones: list[MilestoneOut]


def _allowed(contract: Contract, milestones: Sequence[Milestone], received: Decimal, by: Actor) -> list[AllowedAction]:
    return actions(
        edit=rules.edit_unmet(contract, by),
        submit=signing.submit_unmet(contract, milestones, by),
        **{f"review_{part.value}": signing.review_unmet(contract, part, by) for part in ReviewPart},
        send_for_signature=signing.send_unmet(contract, by),
        sign=signing.sign_unmet(contract, by),
        decline=signing.sign_unmet(contract, by),
        void=signing.void_unmet(contract, received, by),
        go_live=delivery.go_live_unmet(contract, by),
        accept=delivery.accept_unmet(contract, by),
        terminate=delivery.terminate_unmet(contract, by),
        receive_payment=receive_unmet(contract, by),
    )


async def _items(db: Reader, by: Actor, contracts: Sequence[Contract]) -> list[tuple[dict[str, Any], list[Milestone]]]:
    """What a list shows of each contract, with its milestones, read by two statements for all of them."""
    ids = [c.id for c in contracts]
    schedules: dict[UUID, list[Milestone]] = defaultdict(list)
    for milestone in await db.all(OF_CONTRACTS, contract_ids=ids):
        schedules[milestone.contract_id].append(milestone)
    credits = {c.contract_id: c.credit for c in await db.all(CREDIT_OF, contract_ids=ids)}
    made = []
    for contract in contracts:
        milestones, credit = schedules[contract.id], credits.get(contract.id, Decimal(0))
        sums = balance(milestones)
        amounts = {n: getattr(sums, n) for n in ("paid", "waived", "outstanding", "overdue")}
        amounts |= {"total": contract.total, "credit": credit}
        seen = rules.shown(contract, by)
        shown = {n: getattr(seen, n) for n in ContractItem.model_fields if n not in amounts and n != "allowed_actions"}
        shown |= {n: Money(amount=amount, currency=contract.currency) for n, amount in amounts.items()}
        shown["allowed_actions"] = _allowed(contract, milestones, sums.paid + credit, by)
        made.append((shown, milestones))
    return made


def _line(line: dict[str, Any], currency: str) -> dict[str, Any]:
    return line | {n: in_minor_units(Decimal(line[n]), currency) for n in ("unit_price", "net", "tax")}


async def contract_out(db: Reader, by: Actor, contract: Contract) -> ContractOut:
    """The whole contract, as every route of one contract answers it."""
    ((shown, milestones),) = await _items(db, by, [contract])
    seen = rules.shown(contract, by)
    return ContractOut.model_validate(
        {
            **shown,
            **{n: getattr(seen, n) for n in ("sections", "core_clauses", "signers", "content_hash", "submitted_by")},
            "lines": [_line(line, contract.currency) for line in contract.lines],
            "reviews": [{"part": part, **done} for part, done in contract.reviews.items()],
            "milestones": [milestone_out(contract, m, by) for m in milestones],
        }
    )


@router.get("", response_model=Page[ContractItem])
async def list_contracts(page: Annotated[PageRequest, Depends(queries.LIST.params)], db: Reading, by: CurrentActor) -> Any:
    """Contracts that you may see: your own, and those of the teams below you."""
    found = await queries.LIST.page(db, page, where=queries.visible(by), params=scope.params(by))
    found.items = [shown for shown, _ in await _items(db, by, found.items)]
    return found


@router.get("/{contract_id}", response_model=ContractOut)
async def get_contract(contract_id: UUID, db: Reading, by: CurrentActor) -> Any:
    """One contract with its text, its milestones and what is paid."""
    return await contract_out(db, by, await queries.SEEN.get(db, by, contract_id))


@router.get("/{contract_id}/timeline", response_model=Page[TimelineEntry])
async def contract_timeline(
    contract_id: UUID, page: Annotated[PageRequest, Depends(TIMELINE.params)], db: Reading, by: CurrentActor
) -> Any:
    """What happened to the contract, to its milestones and to its payments."""
    await queries.SEEN.get(db, by, contract_id)
    milestones = [m.id for m in await db.all(OF_CONTRACTS, contract_ids=[contract_id])]
    return await timeline(db, page, [contract_id, *milestones, *await db.all(IDS_OF_CONTRACT, contract_id=contract_id)])


@router.patch("/{contract_id}", response_model=ContractOut, dependencies=[Depends(require(*EDITING))])
async def edit_contract(contract_id: UUID, body: ContractPatch, tx: InTx, by: CurrentActor, expect: IfMatch) -> Any:
    """Edit a draft. For its owner, his managers, assistants of the team, and lawyers. Lines, total and schedule are the quote's."""
    changes = body.model_dump(mode="json", exclude_unset=True, exclude={"at"})
    changes |= body.model_dump(include={"sign_by", "committed_go_live_on", "starts_on", "ends_on"}, exclude_unset=True)
    return await contract_out(tx, by, await commands.edit(tx, contract_id, expect=expect, at=body.at, changes=changes))
