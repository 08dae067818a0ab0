"""Opening the deal of a converted lead, joining the lead to an open one, or telling why not."""

from decimal import Decimal
from uuid import UUID

from sqlalchemy import bindparam, insert

from deal_svc.contacts.commands import named
from deal_svc.conversion import rules
from deal_svc.conversion.queries import JOINED_AT, OF_LEAD
from deal_svc.conversion.record import Refusal
from deal_svc.conversion.tables import DEAL_LEAD, REFUSALS
from deal_svc.deals import queries as deals
from deal_svc.deals.events import told
from deal_svc.deals.pipeline import FIRST, probability
from deal_svc.deals.record import Deal, new_deal
from deal_svc.deals.tables import DEALS
from deal_svc.discovery.commands import enter_contacts_of_lead
from deal_svc.policy import POLICY
from shared.auth import Actor, Role
from shared.db.query import Query
from shared.db.tx import Tx
from shared.errors import NotFound
from shared.events.deal import ConversionRefused, DealLeadJoined, DealOpened
from shared.events.envelope import Envelope, Money
from shared.events.lead import LeadConverted
from shared.handover.late import owner_now
from shared.handover.parts import DEALS as DEALS_GO
from shared.handover.parts import HandOverKind
from shared.parties import accounts
from shared.parties.people import standing
from shared.policy.company import sources_of
from shared.rates import no_rate, rate_at

_JOIN = Query(insert(DEAL_LEAD).values({c.name: bindparam(c.name) for c in DEAL_LEAD.c}), UUID)


async def take_lead(tx: Tx, e: Envelope[LeadConverted]) -> None:
    """Open the deal, or join the lead to it, or tell why not.

    What is told brings the lead to its next state.
    """
    refusal = await (_join if e.data.joins_existing else _open)(tx, e)
    if refusal is None:
        return
    lead = e.data
    refused = Refusal(id=lead.conversion_id, version=1, lead_id=e.subject, deal_id=lead.deal_id, reason=refusal, refused_at=tx.now)
    event = ConversionRefused(lead_id=e.subject, deal_id=lead.deal_id, reason=refusal)
    await tx.add_new(REFUSALS, [(refused, [(event, e.time)])])


async def _open(tx: Tx, e: Envelope[LeadConverted]) -> str | None:
    lead = e.data
    if await tx.first(DEALS.lock, id=lead.deal_id) is not None:
        return None
    if await tx.first(OF_LEAD, lead_id=e.subject) is not None:
        return "The lead has a deal already."
    owner_id = await owner_now(tx, DEALS_GO, lead, because=HandOverKind.LEADS, account_id=lead.account_id)
    owner = await standing(tx, owner_id) if owner_id else None
    if owner is not None and not owner.active:
        return "The owner of the lead has left; assign the lead to somebody else first."
    amount = lead.asked_amount or Money(amount=Decimal(0), currency=tx.settings.reporting_currency)
    fx = await rate_at(tx, tx.settings, amount.currency, e.time)
    if fx is None:
        return no_rate(amount.currency)
    policy = tx.policy(POLICY)
    deal = new_deal(
        tx.now,
        id=lead.deal_id,
        opened_at=e.time,
        probability=probability(FIRST, policy.stages),
        name=lead.deal_name,
        amount=amount.amount,
        currency=amount.currency,
        **fx,
        expected_close_on=lead.asked_close,
        owner_id=owner_id,
        team_id=(owner.team_id if owner else None) or lead.team_id,
        account_id=lead.account_id,
        account_name=lead.account_name,
        lead_id=e.subject,
        conversion_id=lead.conversion_id,
        source=lead.source and sources_of(tx)(lead.source),
        product=lead.product,
        region=lead.region or await _region(tx, lead.account_id),
        campaign=lead.campaign,
        medium=lead.medium,
        lead_bant=lead.bant,
    )
    deal = await tx.add(DEALS, deal, told(DealOpened, deal, policy_version=policy.version), at=e.time)
    await _bring_contacts(tx, deal, e)
    return None


async def _bring_contacts(tx: Tx, deal: Deal, e: Envelope[LeadConverted]) -> None:
    """The lead's contacts are the account's, and on the committee."""
    await named(tx, e.data.contact_ids, e.data.account_id)
    await enter_contacts_of_lead(tx, deal, e.data.contact_ids, e.time)


async def _region(tx: Tx, account_id: UUID) -> str | None:
    account = await accounts.find(tx, account_id)
    return account.region if account else None


async def _join(tx: Tx, e: Envelope[LeadConverted]) -> str | None:
    deal = await tx.first(DEALS.lock, id=e.data.deal_id)
    if deal is not None and await tx.first(JOINED_AT, deal_id=deal.id, lead_id=e.subject) is not None:
        return None
    if deal is None or not await _is_seen(tx, deal, e.data):
        return "There is no such deal, or you may not see it."
    if refusal := rules.joining_refusal(deal, e.data.account_id):
        return refusal
    await tx.run(_JOIN, deal_id=deal.id, lead_id=e.subject, conversion_id=e.data.conversion_id, joined_at=e.time)
    deal = await tx.save(DEALS, deal, DealLeadJoined(lead_id=e.subject, conversion_id=e.data.conversion_id), at=e.time)
    await _bring_contacts(tx, deal, e)
    return None


async def _is_seen(tx: Tx, deal: Deal, lead: LeadConverted) -> bool:
    """Whether the person who converted the lead may read the deal.

    What our own acts convert is theirs to know.
    """
    who = lead.actor
    if who is None or who.role == Role.system:
        return True
    roles = [role for role in Role if role in (lead.actor_roles or [who.role])]
    try:
        await deals.SEEN.get(tx, Actor.of(who.id, roles), deal.id)
    except NotFound:
        return False
    return True
