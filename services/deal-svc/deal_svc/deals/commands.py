"""Opening deals and changing what they say. Movement through the stages is in `stages`."""

from dataclasses import replace
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from deal_svc.deals import queries, rules
from deal_svc.deals.accounts import customer
from deal_svc.deals.rules import PROBABILITY, Deal, Kind, Stage
from deal_svc.deals.tables import DEALS
from shared.clock import happened
from shared.db.tx import Tx
from shared.errors import Forbidden, Invalid, NotYet, require
from shared.events.deal import DealOpened, DealUpdated
from shared.events.envelope import Money
from shared.ids import new_id
from shared.roster import team_of


def dimensions(deal: Deal) -> dict[str, Any]:
    """What figures about the deal are broken down by, as every event of it carries them."""
    return {"owner_id": deal.owner_id, "team_id": deal.team_id, "source": deal.source, "product": deal.product, "region": deal.region}


def worth(deal: Deal) -> dict[str, Any]:
    return {"amount": Money(amount=deal.amount, currency=deal.currency), "fx": deal.fx}


def new_deal(now: datetime, *, id: UUID, opened_at: datetime, **given: Any) -> Deal:
    """A deal at the start of its way; `given` are the fields that differ from that."""
    start: dict[str, Any] = {
        **dict.fromkeys(Deal.__dataclass_fields__),
        "version": 0,
        "kind": Kind.NEW,
        "stage": Stage.DISCOVERY,
        "stage_since": opened_at,
        "cycle": 1,
        "probability": PROBABILITY[Stage.DISCOVERY],
        "manual_win": False,
        "imported": False,
        "flags": {},
        "created_at": now,
        "updated_at": now,
    }
    return Deal(**start | {"id": id, "opened_at": opened_at} | given)


def opened(deal: Deal) -> DealOpened:
    return DealOpened(
        **dimensions(deal),
        **worth(deal),
        lead_id=deal.lead_id,
        conversion_id=deal.conversion_id,
        external_id=deal.external_id,
        account_id=deal.account_id,
        account_name=deal.account_name,
        kind=deal.kind.value,
        stage=deal.stage,
        probability=deal.probability,
        expected_close_on=deal.expected_close_on,
        imported=deal.imported,
        flags=sorted(deal.flags),
    )


async def open_deal(
    tx: Tx,
    *,
    name: str,
    kind: Kind,
    account_id: UUID,
    amount: Decimal,
    currency: str,
    owner_id: UUID | None,
    source: str | None,
    product: str | None,
    region: str | None,
    expected_close_on: date | None,
    at: datetime | None,
) -> Deal:
    """A deal without a lead. It belongs to whoever opens it, unless a manager names somebody else."""
    when = happened(at, tx.now)
    owner = owner_id or tx.actor.id
    if owner != tx.actor.id and not tx.actor.has(*rules.LEADING):
        raise Forbidden("Only a manager opens deals for others.")
    account = await customer(tx, tx.actor, account_id)
    deal = new_deal(
        tx.now,
        id=new_id(),
        opened_at=when,
        name=name,
        kind=kind,
        amount=amount,
        currency=currency,
        fx=rate(tx, currency),
        expected_close_on=expected_close_on,
        owner_id=owner,
        team_id=await owners_team(tx, owner),
        account_id=account_id,
        account_name=account.name,
        source=source,
        product=product,
        region=region or account.region,
    )
    return await tx.add(DEALS, deal, opened(deal), at=when)


def rate(tx: Tx, currency: str) -> Decimal:
    """The rate to the reporting currency; 422 where none is configured."""
    found = tx.settings.rate(currency)
    if found is None:
        raise Invalid(no_rate(currency), pointer="/amount/currency", code="no_fx_rate")
    return found


def no_rate(currency: str) -> str:
    return f"There is no rate for {currency}; it is set in CLINCH_FX_RATES."


async def owners_team(tx: Tx, owner_id: UUID) -> UUID | None:
    """The team of the owner, who must be known to the roster unless he is the one who asks."""
    if owner_id != tx.actor.id and not await tx.first(queries.ON_ROSTER, person_id=owner_id):
        raise NotYet(
            "No such person is on the roster, or the person has left. A new person is known here a moment later.", code="unknown_owner"
        )
    return await team_of(tx, owner_id)


async def edit(tx: Tx, deal_id: UUID, *, expect: int | None, at: datetime | None, changes: dict[str, Any]) -> Deal:
    """Set descriptive fields; `amount` and `currency` come together."""
    deal = await queries.SEEN.load(tx, deal_id, expect)
    require(rules.change_unmet(deal, tx.actor), "The deal cannot be changed.", "deal_not_changeable")
    if "currency" in changes:
        changes = {**changes, "fx": deal.fx if changes["currency"] == deal.currency else rate(tx, changes["currency"])}
    return await change(tx, deal, at=happened(at, tx.now, since=deal.opened_at), **changes)


async def assign(tx: Tx, deal_id: UUID, to: UUID, *, expect: int | None, at: datetime | None) -> Deal:
    deal = await queries.SEEN.load(tx, deal_id, expect)
    require(rules.assign_unmet(deal, tx.actor, to), "The deal cannot be handed over.", "deal_not_assignable")
    return await change(tx, deal, at=happened(at, tx.now, since=deal.opened_at), owner_id=to, team_id=await owners_team(tx, to))


async def change(tx: Tx, deal: Deal, *, at: datetime, **changes: Any) -> Deal:
    """Set fields of a locked deal, and tell which of them are different now; nothing is told when none is."""
    changed = {name: value for name, value in changes.items() if getattr(deal, name) != value}
    if not changed:
        return deal
    after = replace(deal, **changed)
    return await tx.save(DEALS, deal, updated(after, sorted(changed), deal.owner_id), at=at, **changed)


def updated(deal: Deal, changed: list[str], previous_owner_id: UUID | None) -> DealUpdated:
    return DealUpdated(
        **dimensions(deal),
        **worth(deal),
        changed=changed,
        expected_close_on=deal.expected_close_on,
        previous_owner_id=previous_owner_id if previous_owner_id != deal.owner_id else None,
    )
