"""The lane of work with customers: a deal has the contacts of its leads."""

from collections.abc import Iterable, Mapping
from typing import Any
from uuid import UUID

from metrics_svc.facts import activity, interaction
from metrics_svc.facts.activity import WorkedDeal
from metrics_svc.facts.interaction import WorkedLead
from metrics_svc.folding.table import TABLES, Key
from metrics_svc.folding.touched import Touched
from shared.db.tx import Tx


class Activity(Touched):
    """The leads and deals that a batch changes, with the deals of these leads, and all leads of all these deals."""

    async def fetch(self, tx: Tx, wanted: Mapping[type[Any], Iterable[UUID]]) -> None:
        leads = await self._more(tx, WorkedLead, wanted.get(WorkedLead, ()))
        await self._more(tx, WorkedDeal, {*wanted.get(WorkedDeal, ()), *[UUID(id) for lead in leads for id in lead.deals]})
        await self._more(tx, WorkedLead, {UUID(id) for deal in self.rows[WorkedDeal].values() for id in deal.leads})

    async def _more(self, tx: Tx, kind: type[Any], ids: Iterable[UUID]) -> list[Any]:
        """Load those that are not loaded yet."""
        found = await TABLES[kind].load(tx, [id for id in ids if id not in self.rows[kind]])
        self.rows[kind].update((row.id, row) for row in found)
        return found

    def derive(self) -> dict[Key, Any]:
        found: dict[Key, Any] = {}
        leads = self.rows[WorkedLead]
        for lead in leads.values():
            for contact in interaction.derive(lead):
                found[TABLES[type(contact)].key_of(contact)] = contact
            found[WorkedLead, lead.id, 0] = lead
        for deal in self.rows[WorkedDeal].values():
            for made in activity.derive(deal, [leads[id] for id in map(UUID, deal.leads) if id in leads]):
                found[TABLES[type(made)].key_of(made)] = made
            found[WorkedDeal, deal.id, 0] = deal
        return found
