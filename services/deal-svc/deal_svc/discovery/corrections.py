"""Setting right what was recorded by a slip, or taking it away. The deal's history tells that it was done, and of what."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar
from uuid import UUID

from sqlalchemy import Table, bindparam, delete, select, update

from deal_svc.deals import queries
from deal_svc.deals.record import Deal
from deal_svc.deals.tables import DEALS
from deal_svc.discovery import rules
from deal_svc.discovery.record import Member, Proposal, SpinEntry
from deal_svc.discovery.tables import MEMBER, PROPOSAL, SPIN_ENTRY
from shared.acts import Act
from shared.db.query import Query
from shared.db.tx import Tx
from shared.errors import NotFound, Unmet
from shared.events.deal import (
    DealContactCorrected,
    DealContactRemoved,
    DealNeedsWithdrawn,
    DealProposalCorrected,
    DealProposalRemoved,
    DealSpinCorrected,
    DealSpinRemoved,
)
from shared.events.envelope import Event

P = TypeVar("P", SpinEntry, Member, Proposal)


def _nothing(_part: Any) -> Sequence[Unmet]:
    return ()


@dataclass(frozen=True, kw_only=True)
class Correctable(Generic[P]):
    """A kind of what hangs on a deal. `key` finds one of a deal, `fields` can be corrected, `needs` is what the part itself must be."""

    table: Table
    into: type[P]
    key: str
    fields: tuple[str, ...]
    correct: Act[Deal, None]
    remove: Act[Deal, None]
    corrected: Callable[[P, list[str]], Event]
    removed: Callable[[P], Event]
    missing: str
    needs: Callable[[P], Sequence[Unmet]] = _nothing
    find: Query[P] = field(init=False)
    change: Query[P] = field(init=False)
    drop: Query[Any] = field(init=False)

    def __post_init__(self) -> None:
        c = self.table.c
        one = (c.deal_id == bindparam("_deal_id"), c[self.key] == bindparam("_key"))
        changes = update(self.table).where(*one).values({name: bindparam(name) for name in self.fields}).returning(*c)
        object.__setattr__(self, "find", Query(select(*c).where(*one), self.into))
        object.__setattr__(self, "change", Query(changes, self.into))
        object.__setattr__(self, "drop", Query(delete(self.table).where(*one), type(None)))


SPIN = Correctable(
    table=SPIN_ENTRY,
    into=SpinEntry,
    key="id",
    fields=("part", "text", "explicit"),
    correct=rules.CORRECT_SPIN,
    remove=rules.REMOVE_SPIN,
    corrected=lambda entry, changed: DealSpinCorrected(spin_id=entry.id, part=entry.part.value, changed=changed),
    removed=lambda entry: DealSpinRemoved(spin_id=entry.id, part=entry.part.value),
    missing="The SPIN record of the deal has no such entry.",
)
COMMITTEE = Correctable(
    table=MEMBER,
    into=Member,
    key="contact_id",
    fields=("committee_role", "decision_maker", "stance"),
    correct=rules.CORRECT_CONTACT,
    remove=rules.REMOVE_CONTACT,
    corrected=lambda one, changed: DealContactCorrected(
        contact_id=one.contact_id, committee_role=one.committee_role, decision_maker=one.decision_maker, changed=changed
    ),
    removed=lambda one: DealContactRemoved(contact_id=one.contact_id),
    missing="This contact is not on the buying committee.",
)
PROPOSALS = Correctable(
    table=PROPOSAL,
    into=Proposal,
    key="number",
    fields=("title", "points"),
    correct=rules.CORRECT_PROPOSAL,
    remove=rules.REMOVE_PROPOSAL,
    corrected=lambda one, changed: DealProposalCorrected(proposal_version=one.number, changed=changed),
    removed=lambda one: DealProposalRemoved(proposal_version=one.number),
    missing="There is no such proposal.",
    needs=rules.not_presented,
)


async def correct(
    tx: Tx, of: Correctable[P], deal_id: UUID, key: UUID | int, given: Mapping[str, Any], *, expect: int | None
) -> tuple[P, Deal]:
    """The part as it is right. The same values again change nothing, and tell nothing."""
    part, deal = await _found(tx, of, of.correct, deal_id, key, expect)
    values = {name: getattr(part, name) for name in of.fields}
    changed = sorted(name for name, value in given.items() if values[name] != value)
    if not changed:
        return part, deal
    part = await tx.one(of.change, _deal_id=deal_id, _key=key, **{**values, **given})
    return part, await tx.save(DEALS, deal, of.corrected(part, changed))


async def remove(tx: Tx, of: Correctable[P], deal_id: UUID, key: UUID | int, *, expect: int | None) -> tuple[P, Deal]:
    """The part that is gone, and its deal."""
    part, deal = await _found(tx, of, of.remove, deal_id, key, expect)
    await tx.run(of.drop, _deal_id=deal_id, _key=key)
    return part, await tx.save(DEALS, deal, of.removed(part))


async def withdraw_needs(tx: Tx, deal_id: UUID, *, expect: int | None) -> Deal:
    """The needs were not confirmed: neither when nor by whom stays, nor the words."""
    deal = await queries.SEEN.load(tx, deal_id, expect)
    rules.WITHDRAW_NEEDS.check(deal, tx.actor)
    return await tx.save(DEALS, deal, DealNeedsWithdrawn(), needs=None, needs_confirmed_at=None, needs_confirmed_by=None)


async def _found(tx: Tx, of: Correctable[P], act: Act[Deal, None], deal_id: UUID, key: UUID | int, expect: int | None) -> tuple[P, Deal]:
    deal = await queries.SEEN.load(tx, deal_id, expect)
    part = await tx.first(of.find, _deal_id=deal_id, _key=key)
    act.check(deal, tx.actor, also=of.needs(part) if part is not None else ())
    if part is None:
        raise NotFound(of.missing)
    return part, deal
