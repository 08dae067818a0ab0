"""The lane of touches: those of leads that were merged are the survivor's."""

from collections.abc import Iterable, Mapping
from typing import Any
from uuid import UUID

from metrics_svc.counting.merges import survivors_told, together
from metrics_svc.facts import touch
from metrics_svc.facts.touch import TouchedLead
from metrics_svc.folding.merged import load_together
from metrics_svc.folding.table import TABLES, Key
from metrics_svc.folding.touched import Touched
from shared.db.tx import Tx
from shared.events.envelope import Envelope


class Touches(Touched):
    """The leads that a batch changes, with all that they are merged with."""

    def wanted(self, events: Iterable[Envelope[Any]]) -> dict[type[Any], set[UUID]]:
        events = list(events)
        found = super().wanted(events)
        found[TouchedLead] |= survivors_told(events)
        return found

    async def fetch(self, tx: Tx, wanted: Mapping[type[Any], Iterable[UUID]]) -> None:
        await load_together(tx, TouchedLead, wanted.get(TouchedLead, ()), self.rows[TouchedLead])

    def derive(self) -> dict[Key, Any]:
        found: dict[Key, Any] = {}
        leads = self.rows[TouchedLead]
        for id, rows in together(leads).items():
            for made in touch.derive(id, rows):
                found[TABLES[type(made)].key_of(made)] = made
        found |= {(TouchedLead, lead.id, 0): lead for lead in leads.values()}
        return found
