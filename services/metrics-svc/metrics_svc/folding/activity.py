"""The lane of work with customers: a deal has the contacts of its leads."""

from collections.abc import Iterable, Mapping
from typing import Any
from uuid import UUID

from metrics_svc.counting.merges import survivor, survivors_told, together
from metrics_svc.facts import activity, interaction
from metrics_svc.facts.activity import WorkedDeal
from metrics_svc.facts.interaction import WorkedLead
from metrics_svc.folding.merged import load_together
from metrics_svc.folding.table import TABLES, Key
from metrics_svc.folding.touched import Touched
from shared.db.tx import Tx
from shared.events.envelope import Envelope


class Activity(Touched):
    """The leads and deals that a batch changes, with the deals of these leads, and all leads of all these deals; leads come with those
    that were merged into them."""

    def wanted(self, events: Iterable[Envelope[Any]]) -> dict[type[Any], set[UUID]]:
        events = list(events)
        found = super().wanted(events)
        found[WorkedLead] |= survivors_told(events)
        return found

    async def fetch(self, tx: Tx, wanted: Mapping[type[Any], Iterable[UUID]]) -> None:
        leads, deals = self.rows[WorkedLead], self.rows[WorkedDeal]
        await load_together(tx, WorkedLead, wanted.get(WorkedLead, ()), leads)
        ids = {*wanted.get(WorkedDeal, ()), *[UUID(id) for lead in leads.values() for id in lead.deals]} - deals.keys()
        deals.update((row.id, row) for row in await TABLES[WorkedDeal].load(tx, ids))
        await load_together(tx, WorkedLead, {UUID(id) for deal in deals.values() for id in deal.leads}, leads)

    def derive(self) -> dict[Key, Any]:
        found: dict[Key, Any] = {}
        leads = self.rows[WorkedLead]
        merged = together(leads)
        for lead in leads.values():
            for contact in interaction.derive(lead):
                found[TABLES[type(contact)].key_of(contact)] = contact
            found[WorkedLead, lead.id, 0] = lead
        for deal in self.rows[WorkedDeal].values():
            those = dict.fromkeys(survivor(UUID(id), leads) for id in deal.leads)
            for made in activity.derive(deal, [lead for id in those for lead in merged.get(id, ())]):
                found[TABLES[type(made)].key_of(made)] = made
            found[WorkedDeal, deal.id, 0] = deal
        return found
