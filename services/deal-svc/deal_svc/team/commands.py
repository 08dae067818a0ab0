"""The team of a deal: people who see it besides its owner, each change told by the deal."""

from uuid import UUID

from deal_svc.deals.queries import SEEN
from deal_svc.deals.record import Deal
from deal_svc.deals.tables import DEALS
from deal_svc.team.rules import ADD_MEMBER, REMOVE_MEMBER
from shared.access import members
from shared.access.members import Part
from shared.db.tx import Tx
from shared.errors import NotYet
from shared.events.deal import DealMemberAdded, DealMemberRemoved
from shared.parties.people import standing


async def add(tx: Tx, deal_id: UUID, person_id: UUID, expect: int | None) -> Deal:
    """Take somebody into the team; who is in it already stays."""
    deal = await SEEN.load(tx, deal_id, expect)
    ADD_MEMBER.check(deal, tx.actor)
    known = await standing(tx, person_id)
    if known is None or not known.active:
        raise NotYet(
            "No such person is on the roster, or the person has left. A new person is known here a moment later.", code="unknown_person"
        )
    if not await members.add(tx, deal_id, person_id):
        return deal
    return await tx.save(DEALS, deal, DealMemberAdded(person_id=person_id, part=Part.member))


async def remove(tx: Tx, deal_id: UUID, person_id: UUID, expect: int | None) -> Deal:
    """Take somebody out of the team; who is not in it stays out."""
    deal = await SEEN.load(tx, deal_id, expect)
    REMOVE_MEMBER.check(deal, tx.actor)
    if not await members.remove(tx, deal_id, person_id):
        return deal
    return await tx.save(DEALS, deal, DealMemberRemoved(person_id=person_id, part=Part.member))
