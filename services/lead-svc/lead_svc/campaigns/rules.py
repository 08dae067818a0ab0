"""What marketing and sales operations do with campaigns, and what a record of spend needs. Pure."""

from datetime import date
from typing import Any

from lead_svc.campaigns.record import CAMPAIGN, SPEND, Campaign, Spend
from shared.acts import Act, who
from shared.auth.actor import Actor, Role
from shared.errors import Invalid
from shared.events.campaign import CampaignChanged, CampaignPlanned, CampaignSpendCorrected, CampaignSpendRecorded

MOST_DAYS = 366
"""Of one record: figures spread it over its days."""

SCOPE = "campaigns:write"
KEEPERS = who(Role.marketing, Role.sales_ops, Role.admin, scope=SCOPE)
READERS = who(*KEEPERS.every, Role.director, Role.ops, Role.auditor, scope="campaigns:read")
"""Who sees all leads also sees what they cost."""


def may_read(by: Actor) -> bool:
    return READERS.may_ever(by) or SCOPE in by.scopes


def _corrected(spend: Spend, _: Actor) -> dict[str, Any]:
    return {"amount": {"amount": str(spend.amount + 1), "currency": spend.currency}, "reason": "the bill says so"}


PLAN = Act(
    of=CAMPAIGN,
    name="plan",
    operation="plan_campaign",
    who=KEEPERS,
    makes=True,
    tells=(CampaignPlanned,),
    says="Plans a campaign, with its days and its budget.",
    asks="A name that no campaign has in any spelling.",
)
CHANGE = Act(
    of=CAMPAIGN,
    name="change",
    operation="change_campaign",
    who=KEEPERS,
    tells=(CampaignChanged,),
    says="Changes the plan, the days or the budget; the name stays.",
    sample=lambda *_: {"plan": "Forty visitors at the stand, ten of them buyers"},
)
RECORD_SPEND = Act(
    of=SPEND,
    name="record",
    operation="record_spend",
    who=KEEPERS,
    makes=True,
    tells=(CampaignSpendRecorded,),
    says="Records what was spent on the campaign on some days, with the exchange rate of the last of them.",
    asks=f"At most {MOST_DAYS} days, and a rate for the currency.",
)
CORRECT_SPEND = Act(
    of=SPEND,
    name="correct",
    operation="correct_spend",
    who=KEEPERS,
    tells=(CampaignSpendCorrected,),
    refused="The spend cannot be corrected like this.",
    code="cannot_correct",
    says="Corrects the amount, with a reason; days, currency and rate stay. 0 takes it back.",
    sample=_corrected,
)
CAMPAIGN_ACTS = (CHANGE,)
SPEND_ACTS = (CORRECT_SPEND,)


def days_wrong(campaign: Campaign) -> Invalid | None:
    if campaign.starts_on and campaign.ends_on and campaign.ends_on < campaign.starts_on:
        return Invalid("It cannot end before it starts.", pointer="/ends_on", code="before_start")
    return None


def spent_wrong(starts_on: date, ends_on: date) -> Invalid | None:
    """Why this cannot be the days of one record."""
    if ends_on < starts_on:
        return Invalid("The last day lies before the first one.", pointer="/ends_on", code="before_start")
    if (ends_on - starts_on).days >= MOST_DAYS:
        return Invalid(f"One record has at most {MOST_DAYS} days; write several.", pointer="/ends_on", code="too_many_days")
    return None


def other_spend(known: Spend, given: Spend) -> str | None:
    """What differs, besides the amount, between a record and what is said of it again."""
    differs = [name for name in ("campaign_id", "starts_on", "ends_on", "currency") if getattr(known, name) != getattr(given, name)]
    if not differs:
        return None
    said = {"campaign_id": "campaign", "starts_on": "first day", "ends_on": "last day", "currency": "currency"}
    changed = " and ".join(said[name] for name in differs)
    return f"This spend is recorded already, with another {changed}. Correct its amount to 0, and record it under another external_id."
