"""In which state the contracts of deals are, as contract-svc tells it from the beginning of the log on."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert

from deal_svc.contracts.record import REVIEWED, DealContract
from deal_svc.contracts.tables import DEAL_CONTRACT
from shared.db.query import Query, columns, rows_param
from shared.db.tx import Tx
from shared.events import contract as told
from shared.events.envelope import Envelope, Event
from shared.log.readers import folding

_STATES: dict[type[told.ContractEvent], str] = {
    told.ContractDrafted: "draft",
    told.ContractSubmitted: REVIEWED,
    told.ContractApproved: "approved",
    told.ContractRejected: "draft",
    told.ContractWithdrawn: "draft",
    told.ContractSentForSignature: "out_for_signature",
    told.ContractDeclined: "draft",
    told.ContractSigned: "signed",
    told.ContractActivated: "active",
    told.ContractCompleted: "completed",
    told.ContractReopened: "active",
    told.ContractVoided: "voided",
    told.ContractTerminated: "terminated",
}

_NAMES = tuple(DealContract.__dataclass_fields__)
_given = rows_param(DEAL_CONTRACT, *_NAMES)
_put = insert(DEAL_CONTRACT).from_select(_NAMES, select(*[_given.c[n] for n in _NAMES]))
_KEEP = Query(
    _put.on_conflict_do_update(
        index_elements=[DEAL_CONTRACT.c.contract_id],
        set_={n: _put.excluded[n] for n in _NAMES if n != "contract_id"},
        where=DEAL_CONTRACT.c.told_version < _put.excluded.told_version,
    ),
    UUID,
)


async def keep(tx: Tx, events: Sequence[Envelope[Event]]) -> None:
    """Keeps in which state the contracts of a deal are: the deal shows it, and while one is in review, those who approve see the deal.

    The last that a batch tells of each contract counts, in the order of their ids; what is older than what is kept changes nothing.
    """
    last: dict[UUID, DealContract] = {}
    for e in events:
        data = e.data
        if isinstance(data, told.ContractEvent) and (e.subject not in last or e.version > last[e.subject].told_version):
            last[e.subject] = DealContract(e.subject, e.version, data.deal_id, data.quote_id, data.number, _STATES[type(data)])
    await tx.run(_KEEP, **columns([last[id] for id in sorted(last)], _NAMES))


READER = folding("contracts", keep, list(_STATES), ends=("reviews", "deal-reviews"))
