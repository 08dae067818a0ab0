"""What of this service names accounts, contacts and leads."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from pydantic import TypeAdapter

from deal_svc.deals.commands import updated
from deal_svc.deals.record import Deal
from deal_svc.deals.tables import DEALS
from shared.db.tx import Reader, Tx
from shared.events.deal import DealContactReplaced, DealUpdated
from shared.parties import accounts
from shared.parties.merges import Names, stragglers


def _moved(deal: Deal) -> DealUpdated:
    return updated(deal, ["account_id"], deal.owner_id)


def _of_lead(deal: Deal) -> DealUpdated:
    return updated(deal, ["lead_id"], deal.owner_id)


async def _name(db: Reader, account_id: UUID) -> Mapping[str, Any]:
    """Lists and search read the account's name in the deal's row."""
    account = await accounts.find(db, account_id)
    return {"account_name": account.name} if account else {}


_DEALS = "SELECT deal_id FROM committee_member WHERE contact_id = $1 ORDER BY deal_id"
_PLACES = """
SELECT m.deal_id, m.committee_role, m.decision_maker, m.stance, m.added_at, o.contact_id IS NOT NULL AS both
FROM committee_member m LEFT JOIN committee_member o ON o.deal_id = m.deal_id AND o.contact_id = $2
WHERE m.contact_id = $1 ORDER BY m.deal_id
"""
_RENAME = "UPDATE committee_member SET contact_id = $2 WHERE contact_id = $1 AND deal_id = ANY($3::uuid[])"
_LEAVE = "DELETE FROM committee_member WHERE contact_id = $1 AND deal_id = ANY($2::uuid[])"
_ENTER = """
INSERT INTO committee_member (deal_id, contact_id, committee_role, decision_maker, stance, added_at)
VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT DO NOTHING
"""


@dataclass(frozen=True, slots=True)
class Place:
    """A contact's place on the committee of a deal. `both`: the survivor had one too, which stays; this one is kept for undoing."""

    deal_id: UUID
    committee_role: str
    decision_maker: bool
    stance: str
    added_at: datetime
    both: bool


_PLACE = TypeAdapter(Place)


class Committee:
    """The places of contacts on buying committees. Of two contacts that are one person one place stays."""

    party, part, table, column = "contact", "committee_member", "committee_member", "contact_id"
    comes_back = True

    async def move(self, tx: Tx, of: UUID, to: UUID, only: Sequence[str] | None = None) -> list[str]:
        deals = await tx.load_many(DEALS, [row["deal_id"] for row in await tx.rows(_DEALS, of)])
        if not deals:
            return []
        if only is not None:
            return await self._back(tx, deals, of, to, [_PLACE.validate_json(entry) for entry in only])
        found = await tx.rows(_PLACES, of, to)
        await tx.execute(_LEAVE, of, [row["deal_id"] for row in found if row["both"]])
        await tx.execute(_RENAME, of, to, [row["deal_id"] for row in found if not row["both"]])
        await _tell(tx, deals.values(), of, to)
        names = Place.__slots__
        return [_PLACE.dump_json(Place(**{name: row[name] for name in names})).decode() for row in found]

    async def _back(self, tx: Tx, deals: Mapping[UUID, Deal], of: UUID, to: UUID, places: Sequence[Place]) -> list[str]:
        """`to` is the contact that is restored."""
        again = [place for place in places if place.deal_id in deals]
        await tx.execute(_RENAME, of, to, [place.deal_id for place in again if not place.both])
        for place in again:
            if place.both:
                values = (place.committee_role, place.decision_maker, place.stance, place.added_at)
                await tx.execute(_ENTER, place.deal_id, to, *values)
        await _tell(tx, [deals[place.deal_id] for place in again], of, to)
        return [str(place.deal_id) for place in again]


async def _tell(tx: Tx, deals: Iterable[Deal], of: UUID, to: UUID) -> None:
    told = DealContactReplaced(previous_contact_id=of, contact_id=to)
    await tx.save_many(DEALS, [(deal, [(told, tx.now)]) for deal in deals])


NAMED = (
    Names(party="account", of=DEALS, column="account_id", told=_moved, more=_name),
    Committee(),
    # Open leads alone are merged, so the deal of a merged one came later by an import, and its survivor was converted by it.
    Names(party="lead", of=DEALS, column="lead_id", told=_of_lead, comes_back=False),
)
sweep = stragglers("deal-svc", *NAMED)
"""Moves what was made with an absorbed account or contact meanwhile."""
