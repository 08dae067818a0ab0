"""Planning campaigns, and recording what was spent on them: one by one, or many at once by a few statements."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Literal
from uuid import UUID

from sqlalchemy import select

from lead_svc.campaigns import rules
from lead_svc.campaigns.record import Campaign, Correction, Spend, campaign_id
from lead_svc.campaigns.rules import CHANGE, CORRECT_SPEND, PLAN, RECORD_SPEND
from lead_svc.campaigns.tables import CAMPAIGNS, CORRECTION, SPENDS
from shared.calendar import day_of, start_of
from shared.db.query import Query, columns, rows_param
from shared.db.tx import Tx
from shared.errors import Invalid, NotFound, Problem, Rejected
from shared.events.campaign import CampaignChanged, CampaignPlanned, CampaignSpendCorrected, CampaignSpendEvent, CampaignSpendRecorded
from shared.events.envelope import Money
from shared.ids import external_id, new_id
from shared.policy.company import sources_of
from shared.rates import Wanted, frozen, no_rate, rates_on
from shared.spelling import with_source

_NAMES = tuple(f.name for f in fields(Correction))
_given = rows_param(CORRECTION, *_NAMES)
_CORRECTED = Query(CORRECTION.insert().from_select(_NAMES, select(*[_given.c[n] for n in _NAMES])), Correction)


# -- Campaigns ---------------------------------------------------------------------------------------------------------------


async def plan(tx: Tx, name: str, said: Mapping[str, Any]) -> Campaign:
    """Plan a campaign. `Rejected` when there is one of this name, in whatever spelling."""
    PLAN.permit(tx.actor)
    given = _stored(tx, said)
    made = Campaign(id=campaign_id(name), version=1, name=name, created_at=tx.now, updated_at=tx.now, **given)
    if wrong := rules.days_wrong(made):
        raise wrong
    if not await tx.add_new(CAMPAIGNS, [(made, [(_told(CampaignPlanned, made), tx.now)])]):
        raise Rejected("There is a campaign of this name already.", code="name_taken")
    return made


async def change(tx: Tx, id: UUID, given: Mapping[str, Any], expect: int | None) -> Campaign:
    """Change what is planned. What was spent before stays with the source, product and region that the campaign had then."""
    campaign = await tx.load(CAMPAIGNS, id, expect)
    CHANGE.check(campaign, tx.actor)
    changes = {name: value for name, value in _stored(tx, given).items() if getattr(campaign, name) != value}
    if not changes:
        return campaign
    after = replace(campaign, **changes)
    if wrong := rules.days_wrong(after):
        raise wrong
    changed = sorted({name.removesuffix("_amount").removesuffix("_currency") for name in changes})
    return await tx.save(CAMPAIGNS, campaign, _told(CampaignChanged, after, changed=changed), **changes)


def _stored(tx: Tx, said: Mapping[str, Any]) -> dict[str, Any]:
    """What is said of a campaign, as its row holds it."""
    given = dict(with_source(said, sources_of(tx)))
    if "budget" in given:
        budget = given.pop("budget")
        given |= {"budget_amount": budget and budget.amount, "budget_currency": budget and budget.currency}
    return given


def _told(kind: Any, campaign: Campaign, **more: Any) -> Any:
    budget = None
    if campaign.budget_amount is not None and campaign.budget_currency is not None:
        budget = Money(amount=campaign.budget_amount, currency=campaign.budget_currency)
    return kind.of(campaign, campaign_id=campaign.id, budget=budget, **more)


# -- Spend -------------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Said:
    """What somebody, or a line of a file, says was spent."""

    campaign_id: UUID
    external_id: str | None
    starts_on: date
    ends_on: date | None
    amount: Decimal
    currency: str
    reference: str | None = None

    @property
    def last_day(self) -> date:
        return self.ends_on or self.starts_on


@dataclass(frozen=True, slots=True)
class Recorded:
    id: UUID
    outcome: Literal["created", "updated", "unchanged"]


async def record_spend(tx: Tx, said: Said) -> tuple[Spend, bool]:
    """The record as it is then, and whether it is new. An `external_id` that is known brings that record to this amount."""
    (answer,) = await record_many(tx, [said], "recorded again with another amount")
    if isinstance(answer, Problem):
        raise answer
    return await tx.get(SPENDS, answer.id), answer.outcome == "created"


async def record_many(tx: Tx, given: Sequence[Said], why: str) -> list[Recorded | Problem]:
    """Record each, or correct the amount of what is known by its key; a refusal for each that cannot be. No key stands twice in them."""
    RECORD_SPEND.permit(tx.actor)
    campaigns = {c.id: c for c in await tx.all(CAMPAIGNS.get_many, ids=list({said.campaign_id for said in given}))}
    days = {n: _spending_day(tx, said) for n, said in enumerate(given)}
    rates = await rates_on(tx, tx.settings, set(days.values()))
    answers: dict[int, Recorded | Problem] = {}
    rows: dict[int, Spend] = {}
    for n, said in enumerate(given):
        fx = frozen(rates, days[n])
        if said.campaign_id not in campaigns:
            answers[n] = NotFound("There is no such campaign.", code="unknown_campaign")
        elif wrong := rules.spent_wrong(said.starts_on, said.last_day):
            answers[n] = wrong
        elif fx is None:
            answers[n] = Invalid(no_rate(said.currency), pointer="/amount/currency", code="no_fx_rate")
        else:
            rows[n] = _row(tx, said, **fx)
    wanted = [(row, [(_spent(CampaignSpendRecorded, row, campaigns[row.campaign_id]), _when(tx, row))]) for row in rows.values()]
    added = await tx.add_new(SPENDS, wanted)
    known = await tx.load_many(SPENDS, [row.id for row in rows.values() if row.id not in added]) if len(added) < len(rows) else {}
    differing: list[tuple[Spend, Decimal]] = []
    for n, row in rows.items():
        if row.id in added:
            answers[n] = Recorded(row.id, "created")
        elif says := rules.other_spend(known[row.id], row):
            answers[n] = Rejected(says, code="other_spend")
        elif known[row.id].amount == row.amount:
            answers[n] = Recorded(row.id, "unchanged")
        else:
            differing.append((known[row.id], row.amount))
            answers[n] = Recorded(row.id, "updated")
    await _correct(tx, differing, campaigns, why)
    return [answers[n] for n in range(len(given))]


async def correct_spend(tx: Tx, campaign: UUID, id: UUID, *, amount: Decimal, currency: str, reason: str, expect: int | None) -> Spend:
    """Set the amount right; what was before stays as a correction. The same amount again changes nothing."""
    CORRECT_SPEND.permit(tx.actor)
    spend = await tx.load(SPENDS, id, expect)
    if spend.campaign_id != campaign:
        raise SPENDS.missing()
    CORRECT_SPEND.check(spend, tx.actor)
    if currency != spend.currency:
        raise Invalid(f"It was spent in {spend.currency}.", pointer="/amount/currency", code="other_currency")
    if amount == spend.amount:
        return spend
    (after,) = await _correct(tx, [(spend, amount)], {campaign: await tx.get(CAMPAIGNS, campaign)}, reason)
    return after


async def _correct(tx: Tx, spends: Sequence[tuple[Spend, Decimal]], campaigns: Mapping[UUID, Campaign], why: str) -> list[Spend]:
    if not spends:
        return []
    made = [Correction(new_id(), spend.id, spend.amount, amount, why, tx.actor.id, tx.now) for spend, amount in spends]
    await tx.run(_CORRECTED, **columns(made, _NAMES))
    rows = []
    for spend, amount in spends:
        after = replace(spend, amount=amount, updated_at=tx.now)
        previous = Money(amount=spend.amount, currency=spend.currency)
        told = _spent(CampaignSpendCorrected, after, campaigns[spend.campaign_id], previous=previous, reason=why)
        rows.append((after, [(told, tx.now)]))
    return await tx.save_many(SPENDS, rows)


def _spending_day(tx: Tx, said: Said) -> Wanted:
    """The day whose rate counts: the last one, or today for what is paid ahead. A late import meets the rate of then."""
    return said.currency, min(said.last_day, day_of(tx.now, tx.settings.zone))


def _when(tx: Tx, row: Spend) -> datetime:
    """When it was spent: on its last day, or now for what is paid ahead."""
    return min(start_of(row.ends_on, tx.settings.zone), tx.now)


def _row(tx: Tx, said: Said, fx: Decimal, fx_day: date | None) -> Spend:
    return Spend(
        id=new_id() if said.external_id is None else external_id("campaign_spend", said.external_id),
        version=1,
        external_id=said.external_id,
        campaign_id=said.campaign_id,
        starts_on=said.starts_on,
        ends_on=said.last_day,
        amount=said.amount,
        currency=said.currency,
        fx=fx,
        fx_day=fx_day,
        reference=said.reference,
        created_at=tx.now,
        updated_at=tx.now,
    )


def _spent(kind: Any, spend: Spend, campaign: Campaign, **more: Any) -> CampaignSpendEvent:
    placed = {name: getattr(campaign, name) for name in ("source", "medium", "product", "region")}
    amount = Money(amount=spend.amount, currency=spend.currency)
    told: CampaignSpendEvent = kind.of(spend, campaign=campaign.name, **placed, **more | {"amount": amount})
    return told
