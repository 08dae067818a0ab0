"""What lead-svc tells of campaigns and of what was spent on them. They belong to whoever sees all leads: nobody owns one."""

from datetime import date
from uuid import UUID

from pydantic import BaseModel

from shared.events.envelope import Exact, Money
from shared.events.lead import LeadSvcEvent


class CampaignTold(BaseModel):
    """What a campaign is now. `campaign_id` is its own id: all that is told of a campaign names it alike."""

    campaign_id: UUID
    name: str
    source: str | None = None
    medium: str | None = None
    product: str | None = None
    region: str | None = None
    starts_on: date | None = None
    ends_on: date | None = None
    budget: Money | None = None


class CampaignEvent(LeadSvcEvent):
    seen_as = "lead"
    part_of = "campaign_id"


class CampaignPlanned(CampaignEvent, CampaignTold, type="campaign.planned"):
    """A campaign is planned, with its days and its budget."""


class CampaignChanged(CampaignEvent, CampaignTold, type="campaign.changed"):
    """Its plan, days or budget changed; `changed` names the fields. The name stays."""

    changed: list[str]


class CampaignSpendEvent(LeadSvcEvent):
    """An amount that was spent on some days, both included, with the rate of the spending day. The subject is the record of it.

    Campaign, source, medium, product and region are those that the campaign had when it was recorded.
    """

    seen_as = "lead"
    part_of = "campaign_id"

    campaign_id: UUID
    campaign: str
    source: str | None = None
    medium: str | None = None
    product: str | None = None
    region: str | None = None
    starts_on: date
    ends_on: date
    amount: Money
    fx: Exact
    fx_day: date | None = None


class CampaignSpendRecorded(CampaignSpendEvent, type="campaign.spend_recorded", aggregate="campaign_spend"):
    """Something was spent on a campaign."""


class CampaignSpendCorrected(CampaignSpendEvent, type="campaign.spend_corrected", aggregate="campaign_spend"):
    """The amount was another one: figures count what it is now, on the days that it was spent on."""

    previous: Money
    reason: str


class CampaignDriveEvent(LeadSvcEvent):
    """A drive takes dormant leads up again with the offer of a campaign. The subject is the drive."""

    seen_as = "lead"
    part_of = "campaign_id"

    campaign_id: UUID


class CampaignDrivePlanned(CampaignDriveEvent, type="campaign.drive_planned", aggregate="campaign_drive"):
    """Leads are chosen; they are counted first."""


class CampaignDriveStarted(CampaignDriveEvent, type="campaign.drive_started", aggregate="campaign_drive"):
    """The chosen leads are taken up again from now on."""


class CampaignDriveMoved(CampaignDriveEvent, type="campaign.drive_moved", aggregate="campaign_drive"):
    """How far it is: while it is `counting`, when it has `counted`, while it is `running`, and when it is `done`.

    `found`: dormant leads that were chosen, `left_out`: those of them without consent, `reactivated`: those that were taken up again.
    """

    state: str
    looked_at: int
    found: int
    left_out: int
    reactivated: int


class CampaignDriveCancelled(CampaignDriveEvent, type="campaign.drive_cancelled", aggregate="campaign_drive"):
    """It has ended before its time; leads that were taken up again stay so."""
