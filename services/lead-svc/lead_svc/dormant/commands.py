"""Planning, starting and cancelling drives, and the batches in which one counts its leads and takes them up again."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any
from uuid import UUID

from lead_svc.campaigns.record import Campaign
from lead_svc.campaigns.tables import CAMPAIGNS
from lead_svc.consent.fields import Use
from lead_svc.consent.queries import left_out
from lead_svc.dormant import rules
from lead_svc.dormant.fields import Chosen
from lead_svc.dormant.queries import DORMANT, LOCK_DORMANT
from lead_svc.dormant.record import Drive, DriveState
from lead_svc.dormant.rules import CANCEL_DRIVE, PLAN_DRIVE, START_DRIVE
from lead_svc.dormant.tables import DRIVES
from lead_svc.leads.commands import reactivation
from lead_svc.leads.queries import beside
from lead_svc.leads.record import Lead
from lead_svc.leads.tables import LEADS
from lead_svc.signals.fields import SignalKind
from lead_svc.signals.record import Signal
from lead_svc.signals.rules import told as told_of
from lead_svc.signals.tables import SIGNALS
from shared.db.tx import Tx
from shared.events.campaign import CampaignDriveCancelled, CampaignDriveMoved, CampaignDrivePlanned, CampaignDriveStarted
from shared.ids import external_id, new_id

BATCH = 500
"""Dormant leads that one transaction looks at."""
REASON = "campaign"
"""Why a lead is taken up again, as `lead.reactivated` tells it."""
_FIRST = UUID(int=0)
_ADD = """
INSERT INTO campaign_drive_lead (drive_id, lead_id, at) SELECT $1::uuid, id, $3::timestamptz FROM unnest($2::uuid[]) AS given (id)
ON CONFLICT (drive_id, lead_id) DO NOTHING
"""


async def plan(tx: Tx, campaign_id: UUID, *, offer: str | None, chosen: Chosen) -> Drive:
    """Choose leads for the offer of a campaign; a worker counts them."""
    PLAN_DRIVE.permit(tx.actor)
    campaign = await tx.get(CAMPAIGNS, campaign_id)
    made = Drive(
        id=new_id(),
        version=1,
        campaign_id=campaign.id,
        state=DriveState.COUNTING,
        offer=offer,
        chosen=rules.kept(chosen),
        looked_at=0,
        found=0,
        left_out=0,
        reactivated=0,
        after=None,
        by=tx.actor.id,
        by_role=tx.actor.role.value,
        created_at=tx.now,
        updated_at=tx.now,
    )
    return await tx.add(DRIVES, made, CampaignDrivePlanned(campaign_id=campaign.id))


async def of_campaign(tx: Tx, campaign_id: UUID, id: UUID, expect: int | None) -> Drive:
    drive = await tx.load(DRIVES, id, expect)
    if drive.campaign_id != campaign_id:
        raise DRIVES.missing()
    return drive


async def start(tx: Tx, campaign_id: UUID, id: UUID, expect: int | None) -> Drive:
    """Take the leads up again. They are looked at once more: what has changed since the count counts."""
    START_DRIVE.permit(tx.actor)
    drive = await of_campaign(tx, campaign_id, id, expect)
    START_DRIVE.check(drive, tx.actor)
    begun: dict[str, Any] = {"looked_at": 0, "found": 0, "left_out": 0, "after": None, "by": tx.actor.id, "by_role": tx.actor.role.value}
    return await tx.save(DRIVES, drive, CampaignDriveStarted(campaign_id=campaign_id), state=DriveState.RUNNING, **begun)


async def cancel(tx: Tx, campaign_id: UUID, id: UUID, expect: int | None) -> Drive:
    CANCEL_DRIVE.permit(tx.actor)
    drive = await of_campaign(tx, campaign_id, id, expect)
    CANCEL_DRIVE.check(drive, tx.actor)
    return await tx.save(DRIVES, drive, CampaignDriveCancelled(campaign_id=campaign_id), state=DriveState.CANCELLED)


# -- Batches -----------------------------------------------------------------------------------------------------------------


async def move(tx: Tx, drive: Drive) -> None:
    """Look at the next dormant leads: count those that it is for, or take them up again."""
    running = drive.state is DriveState.RUNNING
    leads = await tx.all(LOCK_DORMANT if running else DORMANT, after=drive.after or _FIRST, most=BATCH)
    chosen = Chosen.model_validate(drive.chosen)
    figures = await beside(tx, [lead.id for lead in leads]) if rules.asks_figures(chosen) else {}
    wanted = [lead for lead in leads if rules.is_chosen(lead, chosen, figures.get(lead.id, {}))]
    out = await left_out(tx, wanted, Use.CAMPAIGNS)
    going = [lead for lead in wanted if lead.id not in out]
    if running:
        await _take_up(tx, drive, await tx.get(CAMPAIGNS, drive.campaign_id), going)
    ended = len(leads) < BATCH
    after = replace(
        drive,
        state=(DriveState.DONE if running else DriveState.COUNTED) if ended else drive.state,
        looked_at=drive.looked_at + len(leads),
        found=drive.found + len(wanted),
        left_out=drive.left_out + len(out),
        reactivated=drive.reactivated + (len(going) if running else 0),
        after=leads[-1].id if leads else drive.after,
        updated_at=tx.now,
    )
    await tx.save_many(DRIVES, [(after, [(CampaignDriveMoved.of(after), tx.now)])])


async def _take_up(tx: Tx, drive: Drive, campaign: Campaign, leads: Sequence[Lead]) -> None:
    if not leads:
        return
    changed = []
    for lead in leads:
        told, changes = reactivation(lead, REASON)
        changed.append((replace(lead, updated_at=tx.now, **changes), [(told, tx.now)]))
    after = await tx.save_many(LEADS, changed)
    touches = [(_touch(tx, drive, campaign, lead), lead) for lead in after]
    await tx.add_many(SIGNALS, [(touch, told_of(touch, lead)) for touch, lead in touches])
    await tx.execute(_ADD, drive.id, [lead.id for lead in leads], tx.now)


def _touch(tx: Tx, drive: Drive, campaign: Campaign, lead: Lead) -> Signal:
    """The offer touches the lead: figures count by campaign what came of it."""
    return Signal(
        id=external_id("signal", f"drive:{drive.id}:{lead.id}"),
        lead_id=lead.id,
        visitor=None,
        kind=SignalKind.OFFER,
        at=tx.now,
        value=None,
        source=campaign.source,
        campaign=campaign.name,
        medium=campaign.medium,
        term=None,
        content=None,
        by=tx.actor.id,
        recorded_at=tx.now,
        version=0,
    )
