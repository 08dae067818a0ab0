"""Contracts that go to somebody else by a hand-over; their milestones and payments go with them."""

from contract_svc.contracts.commands import about
from contract_svc.contracts.record import UNSIGNED, Contract
from contract_svc.contracts.reviews import free
from contract_svc.contracts.tables import CONTRACT, CONTRACTS
from shared.db.query import is_in
from shared.events.contract import ContractChanged
from shared.handover import parts
from shared.handover.move import Mover, job_of, why
from shared.handover.store import HandOver

_FOLLOWS = ("owner_id", "team_id")
_unsigned = is_in(CONTRACT.c.state, [state.value for state in UNSIGNED])


def _tells(before: Contract, now: Contract, job: HandOver) -> ContractChanged:
    changed = [name for name in _FOLLOWS if getattr(before, name) != getattr(now, name)]
    return about(ContractChanged, now, changed=changed, **why(before, job))


UNSIGNED_GO = Mover(part=parts.UNSIGNED_CONTRACTS, of=CONTRACTS, tells=_tells, among=_unsigned, also=free)
SIGNED_GO = Mover(part=parts.CONTRACTS, of=CONTRACTS, tells=_tells, among=~_unsigned, open=CONTRACT.c.closed_at.is_(None))
hand_over = job_of("contract-svc", [UNSIGNED_GO, SIGNED_GO])
