"""Opening deals, changing what they say and whose they are."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any
from uuid import UUID

from deal_svc.deals.accounts import customer
from deal_svc.deals.events import told
from deal_svc.deals.pipeline import FIRST, probability
from deal_svc.deals.queries import HAS_ACCEPTED_QUOTE, OPEN_IN_OTHER_TEAM, SEEN
from deal_svc.deals.record import Deal, new_deal
from deal_svc.deals.rules import AMOUNT_AGREED, ASSIGN, CHANGE, claim_unmet
from deal_svc.deals.tables import DEALS
from deal_svc.policy import POLICY
from shared.access import kinds, members
from shared.auth.actor import LEADERS, OWNERS, Role
from shared.db.tx import Tx
from shared.errors import Forbidden, Invalid, NotYet, Rejected
from shared.events.deal import DealOpened, DealUpdated
from shared.ids import new_id
from shared.occurred import happened
from shared.parties.people import standing
from shared.policy.company import sources_of
from shared.rates import Frozen, no_rate, rate_at
from shared.spelling import with_source


async def open_deal(tx: Tx, said: Mapping[str, Any], *, account_id: UUID, owner_id: UUID | None, at: datetime | None) -> Deal:
    """A deal without a lead.

    It belongs to whoever opens it, unless a manager or another system names somebody else. `said` are its descriptive fields.
    """
    when = happened(tx, at)
    owner = owner_id or tx.actor.id
    if owner != tx.actor.id and not tx.actor.has(*LEADERS, Role.service):
        raise Forbidden("Only a manager opens deals for others.")
    account = await customer(tx, tx.actor, account_id)
    policy = tx.policy(POLICY)
    deal = new_deal(
        tx.now,
        id=new_id(),
        opened_at=when,
        probability=probability(FIRST, policy.stages),
        **{**with_source(said, sources_of(tx)), "region": said["region"] or account.region},
        **await frozen_rate(tx, said["currency"], when),
        owner_id=owner,
        team_id=await owners_team(tx, owner),
        account_id=account_id,
        account_name=account.name,
        flags=dict.fromkeys(tx.marks, True),
    )
    await members.created(tx, kinds.DEALS, [(deal.id, owner)])
    return await tx.add(DEALS, deal, told(DealOpened, deal, policy_version=policy.version), at=when)


async def frozen_rate(tx: Tx, currency: str, at: datetime) -> Frozen:
    """The rate to the reporting currency at that moment; 422 where there is none."""
    found = await rate_at(tx, tx.settings, currency, at)
    if found is None:
        raise Invalid(no_rate(currency), pointer="/amount/currency", code="no_fx_rate")
    return found


async def owners_team(tx: Tx, owner_id: UUID) -> UUID | None:
    """The team of the owner, who must be known to the roster unless they are the one who asks, and whose role must be one that owns."""
    known = await standing(tx, owner_id)
    asks = owner_id == tx.actor.id
    if not asks and (known is None or not known.active):
        raise NotYet(
            "No such person is on the roster, or the person has left. A new person is known here a moment later.", code="unknown_owner"
        )
    if not (asks and tx.actor.has(*OWNERS)) and (known is None or known.role not in OWNERS):
        raise Rejected(f"Somebody else must own the deal: only {', '.join(OWNERS[:-1])} and {OWNERS[-1]} can.", code="not_an_owner")
    return known.team_id if known else None


async def edit(tx: Tx, deal_id: UUID, *, expect: int | None, at: datetime | None, changes: Mapping[str, Any]) -> Deal:
    """Set descriptive fields; `amount` and `currency` come together."""
    deal = await SEEN.load(tx, deal_id, expect)
    other_amount = any(changes.get(n, getattr(deal, n)) != getattr(deal, n) for n in ("amount", "currency"))
    CHANGE.check(deal, tx.actor, also=[AMOUNT_AGREED] if other_amount and await tx.one(HAS_ACCEPTED_QUOTE, deal_id=deal_id) else ())
    when = happened(tx, at, since=deal.opened_at)
    if changes.get("currency", deal.currency) != deal.currency:
        changes = {**changes, **await frozen_rate(tx, changes["currency"], when)}
    return await change(tx, deal, at=when, **with_source(changes, sources_of(tx)))


async def assign(tx: Tx, deal_id: UUID, *, owner_id: UUID, expect: int | None, at: datetime | None) -> Deal:
    """Give the deal to somebody. A closed one stays in the team that it was closed in."""
    deal = await SEEN.load(tx, deal_id, expect)
    ASSIGN.check(deal, tx.actor, also=claim_unmet(deal, tx.actor, owner_id))
    team = await owners_team(tx, owner_id)
    return await change(
        tx,
        deal,
        at=happened(tx, at, since=deal.closed_at or deal.opened_at),
        owner_id=owner_id,
        team_id=team if deal.is_open else deal.team_id,
    )


async def change(tx: Tx, deal: Deal, *, at: datetime, **changes: Any) -> Deal:
    """Set fields of a locked deal, and tell which of them are different now; nothing is told when none is."""
    changed = {name: value for name, value in changes.items() if getattr(deal, name) != value}
    if not changed:
        return deal
    after = replace(deal, **changed)
    return await tx.save(DEALS, deal, updated(after, sorted(changed), deal.owner_id), at=at, **changed)


def updated(deal: Deal, changed: list[str], previous_owner_id: UUID | None, **more: Any) -> DealUpdated:
    """The event; the probability is told where it is among what changed."""
    before = previous_owner_id if previous_owner_id != deal.owner_id else None
    probability = deal.probability if "probability" in changed else None
    return told(DealUpdated, deal, changed=changed, previous_owner_id=before, probability=probability, **more)


async def follow_owner(tx: Tx, owner_id: UUID, team_id: UUID | None, at: datetime) -> None:
    """Open deals go with their owner into the new team; closed ones stay where they were closed."""
    moved = [
        replace(deal, team_id=team_id, updated_at=tx.now) for deal in await tx.all(OPEN_IN_OTHER_TEAM, owner_id=owner_id, team_id=team_id)
    ]
    await tx.save_many(DEALS, [(deal, [(updated(deal, ["team_id"], owner_id), at)]) for deal in moved])


# A copy of what lead-svc told, kept for lists: no change of the deal, so no event and no version.
_FLAG = "UPDATE deal SET flags = flags || jsonb_build_object($2::text, true) WHERE id = $1"
_UNFLAG = "UPDATE deal SET flags = flags - $2::text WHERE id = $1"


async def flag(tx: Tx, deal_id: UUID, name: str) -> None:
    await tx.execute(_FLAG, deal_id, name)


async def unflag(tx: Tx, deal_id: UUID, name: str) -> None:
    await tx.execute(_UNFLAG, deal_id, name)
