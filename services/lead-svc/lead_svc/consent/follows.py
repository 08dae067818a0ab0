"""An opt-out withdraws every consent of the person, so that it holds also when they are captured again."""

from collections.abc import Mapping, Sequence

from lead_svc.consent.commands import keep, withdrawn
from lead_svc.leads.record import Reason
from lead_svc.leads.tables import LEADS
from shared.db.outbox import Told
from shared.db.tx import Consequence, Tx
from shared.events.envelope import Event
from shared.events.lead import LeadDisqualified


async def _opted_out(tx: Tx, told: Sequence[Told]) -> None:
    at = {one.subject: one.time for one in told if isinstance(one.event, LeadDisqualified) and one.event.reason == Reason.OPT_OUT}
    if not at:
        return
    leads = await tx.all(LEADS.get_many, ids=list(at))
    await keep(
        tx,
        [
            consent
            for lead in leads
            for consent in withdrawn(tx, lead_id=lead.id, contact_id=lead.contact_id, email=lead.email, phone=lead.phone, at=at[lead.id])
        ],
    )


FOLLOWS: Mapping[type[Event], Sequence[Consequence]] = {LeadDisqualified: [_opted_out]}
