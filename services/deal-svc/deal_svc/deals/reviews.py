"""Which deals are up for approval: those with a contract in review, as contract-svc tells it from the beginning of the log on.

A discount beyond somebody's authority has no approval of its own yet; such a quote shows its deal to nobody else.
"""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import delete, select
from sqlalchemy.dialects.postgresql import insert

from deal_svc.deals.record import Review
from deal_svc.deals.tables import CONTRACT_REVIEW
from shared.db.query import Query, columns, is_in, rows_param
from shared.db.tx import Tx
from shared.events.contract import (
    ContractApproved,
    ContractDeclined,
    ContractRejected,
    ContractSigned,
    ContractSubmitted,
    ContractTerminated,
    ContractVoided,
    ContractWithdrawn,
)
from shared.events.envelope import Envelope, Event
from shared.log.readers import folding

_ENDED = (ContractApproved, ContractRejected, ContractWithdrawn, ContractVoided, ContractDeclined, ContractSigned, ContractTerminated)

_NAMES = tuple(Review.__dataclass_fields__)
_given = rows_param(CONTRACT_REVIEW, *_NAMES)
_KEEP = Query(insert(CONTRACT_REVIEW).from_select(_NAMES, select(*[_given.c[n] for n in _NAMES])).on_conflict_do_nothing(), UUID)
_FORGET = Query(delete(CONTRACT_REVIEW).where(is_in(CONTRACT_REVIEW.c.contract_id, "ids")), UUID)


async def _keep(tx: Tx, events: Sequence[Envelope[Event]]) -> None:
    """Keeps whether the contract of a deal is in review: legal and finance see the deal as long.

    The last that a batch tells of each contract counts, in the order of their ids.
    """
    last = {e.subject: e.data for e in events}
    await tx.run(_FORGET, ids=sorted(last))
    begun = [Review(id, data.deal_id) for id, data in sorted(last.items()) if isinstance(data, ContractSubmitted)]
    await tx.run(_KEEP, **columns(begun, _NAMES))


READER = folding("reviews", _keep, [ContractSubmitted, *_ENDED], split_from=("deal-reviews",))
