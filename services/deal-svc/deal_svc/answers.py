"""What answers say of a deal: its fields, and what can be done with it by the acts of all features."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Annotated, Any, ClassVar
from uuid import UUID

from pydantic import Field

from deal_svc.acts import DEAL_ACTS
from deal_svc.contracts.answers import ContractOfDeal, OpenApproval, open_approvals
from deal_svc.deals.fields import DealFields
from deal_svc.deals.pipeline import DealFacts, Stage
from deal_svc.deals.record import Deal, LossReason
from deal_svc.deals.tables import DEALS
from deal_svc.quotes.facts import facts_of
from deal_svc.quotes.history import told_of_quotes
from deal_svc.quotes.queries import IDS_OF_DEAL
from shared.access import kinds
from shared.acts import AllowedAction, shown
from shared.auth import Actor
from shared.db.tx import Reader
from shared.fields import PERSONAL, personal
from shared.known import FlagName
from shared.money import Money


class DealOut(DealFields):
    """What the customer said and what people noted is left out for roles that see deals masked."""

    version_says_all: ClassVar[bool] = False

    id: UUID
    version: int
    name: str
    stage: Stage
    stage_since: datetime
    cycle: Annotated[int, Field(description="1, and one more with each reopening")]
    probability: Annotated[int, Field(description="Percent: what the policy said of the stage when the deal came to it")]
    amount: Money
    fx_day: Annotated[date | None, Field(description="The day of the exchange rate that counts, where there was none for the day itself")]
    owner_id: UUID | None
    team_id: UUID | None
    members: Annotated[list[UUID], Field(description="The people in its team, besides the owner")]
    account_id: UUID | None
    account_name: str | None
    lead_id: Annotated[UUID | None, Field(description="The primary lead; null for a direct deal")]
    lead_bant: Annotated[dict[str, str], Field(description="The status of each BANT dimension of the primary lead, at its conversion")]
    needs: Annotated[str | None, PERSONAL]
    needs_confirmed_at: datetime | None
    next_step: Annotated[str | None, PERSONAL]
    next_step_due_at: datetime | None
    opened_at: datetime
    closed_at: datetime | None
    closed_from: Stage | None
    close_reason: Annotated[str | None, Field(description="The reason of the loss, or the evidence of a win by hand")]
    close_note: Annotated[str | None, PERSONAL]
    manual_win: bool
    quote_id: UUID | None
    contract_id: Annotated[UUID | None, Field(description="The contract that won it")]
    contract: ContractOfDeal | None
    open_approvals: list[OpenApproval]
    external_id: str | None
    imported: bool
    flags: Annotated[list[FlagName], Field(description="Odd, but true")]
    created_at: datetime
    updated_at: datetime
    allowed_actions: list[AllowedAction]

    @classmethod
    def of(cls, deal: Deal, by: Actor, facts: DealFacts) -> "DealOut":
        said: dict[str, Any] = {name: getattr(deal, name) for name in _TAKEN}
        said["amount"] = Money.model_construct(amount=deal.amount, currency=deal.currency)
        said["flags"] = sorted(deal.flags)
        if not kinds.unmasked(kinds.DEALS, by):
            said |= dict.fromkeys(_MASKED)
            if deal.close_reason not in _CODED:  # in somebody's own words
                said["close_reason"] = None
        contract = ContractOfDeal.model_validate(facts.contract) if facts.contract else None
        said |= {"contract": contract, "open_approvals": open_approvals(contract, facts.pending_quotes or ())}
        return cls.model_construct(**said, members=sorted(facts.members or ()), allowed_actions=shown(DEAL_ACTS, deal, by, facts))


_TAKEN = tuple(name for name in DealOut.model_fields if name in DEALS.names)
_MASKED = personal(DealOut)
_CODED = frozenset(LossReason)


async def deals_out(db: Reader, by: Actor, deals: Sequence[Deal]) -> list[DealOut]:
    facts = await facts_of(db, [deal.id for deal in deals])
    return [DealOut.of(deal, by, facts[deal.id]) for deal in deals]


async def deal_out(db: Reader, by: Actor, deal: Deal) -> DealOut:
    [answer] = await deals_out(db, by, [deal])
    return answer


async def told_of_deal(db: Reader, deal_id: UUID) -> list[UUID]:
    """Whose events tell the deal's history: its own, those of its quotes and of their approvals."""
    return [deal_id, *await told_of_quotes(db, await db.all(IDS_OF_DEAL, deal_id=deal_id))]
