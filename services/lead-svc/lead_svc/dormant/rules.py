"""What is done with a drive, and which leads it is for. Pure."""

from collections.abc import Mapping
from typing import Any

from lead_svc.conditions.fields import BESIDE
from lead_svc.conditions.rules import holds
from lead_svc.dormant.fields import Chosen
from lead_svc.dormant.record import DRIVE, DriveState
from lead_svc.leads.record import Lead, State
from lead_svc.leads.rules import NO_RESPONSE
from shared.acts import Act, who
from shared.auth.actor import Role
from shared.events.campaign import CampaignDriveCancelled, CampaignDrivePlanned, CampaignDriveStarted

WHO = who(Role.marketing, Role.admin)

PLAN_DRIVE = Act(
    of=DRIVE,
    name="plan",
    operation="plan_drive",
    who=WHO,
    makes=True,
    tells=(CampaignDrivePlanned,),
    says="Chooses leads that were given up for want of an answer, for a campaign's offer, and counts them.",
)
START_DRIVE = Act(
    of=DRIVE,
    name="start",
    operation="start_drive",
    who=WHO,
    states=(DriveState.COUNTED,),
    to=(DriveState.RUNNING,),
    tells=(CampaignDriveStarted,),
    refused="The drive cannot start now.",
    code="cannot_start",
    says="Takes the chosen leads up again, batch by batch; who does not want to hear of offers is left out.",
)
CANCEL_DRIVE = Act(
    of=DRIVE,
    name="cancel",
    operation="cancel_drive",
    who=WHO,
    states=(DriveState.COUNTING, DriveState.COUNTED, DriveState.RUNNING),
    to=(DriveState.CANCELLED,),
    tells=(CampaignDriveCancelled,),
    refused="The drive cannot be cancelled now.",
    code="cannot_cancel",
    says="Ends it; leads that are taken up again by then stay so.",
)
DRIVE_ACTS = (START_DRIVE, CANCEL_DRIVE)


def is_dormant(lead: Lead) -> bool:
    """Whether it was given up because nobody answered."""
    return lead.state is State.DISQUALIFIED and lead.reason == NO_RESPONSE


def asks_figures(chosen: Chosen) -> bool:
    """Whether a condition asks what is a row of its own, such as the score."""
    return any(one.field in BESIDE for one in chosen.conditions)


def is_chosen(lead: Lead, chosen: Chosen, beside: Mapping[str, Any]) -> bool:
    quiet = chosen.last_contact_before is None or lead.last_contact_at is None or lead.last_contact_at < chosen.last_contact_before
    return quiet and is_dormant(lead) and holds([one.condition() for one in chosen.conditions], lead, beside)


def kept(chosen: Chosen) -> dict[str, Any]:
    """As the drive's row keeps it."""
    return chosen.model_dump(mode="json")
