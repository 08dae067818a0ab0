"""Changes of price lists. An active version never changes: a change is a new version."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date, timedelta
from typing import Any
from uuid import UUID

from deal_svc.catalog import queries as catalog
from deal_svc.price_lists.fields import EntryFields
from deal_svc.price_lists.queries import RIVALS, VERSIONS
from deal_svc.price_lists.record import ListState, PriceList
from deal_svc.price_lists.rules import ACTIVATE, CHANGE, DRAFT_LIST, RETIRE, REVISE, ListFacts, gives_way
from deal_svc.price_lists.tables import PRICE_LISTS
from shared.db.tx import Tx
from shared.errors import Invalid, Rejected
from shared.events.catalog import PriceListActivated, PriceListChanged, PriceListDrafted, PriceListEnded, PriceListEvent, PriceListRetired
from shared.ids import new_id

_CLAIM = "SELECT pg_advisory_xact_lock(hashtextextended('price lists', 0))"
"""Price lists change one after the other: what is active is decided by all of them."""


async def create(tx: Tx, *, name: str, said: Mapping[str, Any], entries: Sequence[EntryFields]) -> PriceList:
    """The first version of a list, as a draft. `said` are its descriptive fields."""
    DRAFT_LIST.permit(tx.actor)
    await tx.execute(_CLAIM)
    if await tx.all(VERSIONS, name=name):
        raise Rejected("There is a price list with this name already; revise it.", code="name_taken")
    first = PriceList(
        id=new_id(),
        version=0,
        name=name,
        revision=1,
        state=ListState.DRAFT,
        entries=await _kept(tx, entries),
        created_by=tx.actor.id,
        created_at=tx.now,
        updated_at=tx.now,
        **said,
    )
    return await _draft(tx, first)


async def edit(
    tx: Tx, list_id: UUID, *, expect: int | None, changes: Mapping[str, Any], entries: Sequence[EntryFields] | None
) -> PriceList:
    """Change a draft. Entries are given all together."""
    one = await tx.load(PRICE_LISTS, list_id, expect)
    CHANGE.check(one, tx.actor, facts=ListFacts())
    after = dict(changes) | ({} if entries is None else {"entries": await _kept(tx, entries)})
    changed = {name: value for name, value in after.items() if getattr(one, name) != value}
    if not changed:
        return one
    _check_days(replace(one, **changed))
    return await tx.save(PRICE_LISTS, one, _told(PriceListChanged, replace(one, **changed)), **changed)


async def activate(tx: Tx, list_id: UUID, *, expect: int | None) -> PriceList:
    """It prices quotes on its days. The version before it ends the day before, or is retired where it has no day left."""
    await tx.execute(_CLAIM)
    one = await tx.load(PRICE_LISTS, list_id, expect)
    key = {"name": one.name, "currency": one.currency, "customer_level": one.customer_level, "channel": one.channel}
    rivals = await tx.all(RIVALS, id=one.id, **key)
    ACTIVATE.check(one, tx.actor, facts=ListFacts(tuple(rivals)))
    for earlier in rivals:
        if gives_way(one, earlier):
            await _give_way(tx, earlier, one.valid_from)
    return await tx.save(PRICE_LISTS, one, _told(PriceListActivated, one), state=ListState.ACTIVE)


async def _give_way(tx: Tx, earlier: PriceList, begins: date) -> None:
    if earlier.valid_from >= begins:
        await tx.save(PRICE_LISTS, earlier, _told(PriceListRetired, earlier), state=ListState.RETIRED)
    elif earlier.valid_to is None or earlier.valid_to >= begins:
        ended = replace(earlier, valid_to=begins - timedelta(days=1))
        await tx.save(PRICE_LISTS, earlier, _told(PriceListEnded, ended), valid_to=ended.valid_to)


async def retire(tx: Tx, list_id: UUID, *, expect: int | None) -> PriceList:
    """It prices nothing any more."""
    one = await tx.load(PRICE_LISTS, list_id, expect)
    RETIRE.check(one, tx.actor, facts=ListFacts())
    return await tx.save(PRICE_LISTS, one, _told(PriceListRetired, one), state=ListState.RETIRED)


async def revise(tx: Tx, list_id: UUID, *, expect: int | None, valid_from: date) -> PriceList:
    """A draft of the next version, alike in all but its days: it begins on `valid_from`, without an end."""
    await tx.execute(_CLAIM)
    one = await tx.load(PRICE_LISTS, list_id, expect)
    versions = await tx.all(VERSIONS, name=one.name)
    REVISE.check(one, tx.actor, facts=ListFacts(newest=versions[-1].id == one.id))
    made: dict[str, Any] = {"created_by": tx.actor.id, "created_at": tx.now, "updated_at": tx.now}
    days: dict[str, Any] = {"valid_from": valid_from, "valid_to": None}
    return await _draft(tx, replace(one, id=new_id(), version=0, revision=one.revision + 1, state=ListState.DRAFT, **days, **made))


async def _draft(tx: Tx, one: PriceList) -> PriceList:
    _check_days(one)
    return await tx.add(PRICE_LISTS, one, _told(PriceListDrafted, one))


def _check_days(one: PriceList) -> None:
    if one.valid_to is not None and one.valid_to < one.valid_from:
        raise Invalid("valid_to lies before valid_from.", pointer="/valid_to", code="before_start")


async def _kept(tx: Tx, entries: Sequence[EntryFields]) -> list[dict[str, Any]]:
    """The entries as the row keeps them. Parts are called as their products are called now: a version says the same for ever."""
    named = {e.product_id for e in entries} | {part.product_id for e in entries for part in e.parts}
    known = await catalog.products(tx, named)
    kept: list[dict[str, Any]] = []
    for n, entry in enumerate(entries):
        if entry.product_id in {e.product_id for e in entries[:n]}:
            raise Invalid("A product stands in a list once.", pointer=f"/entries/{n}/product_id", code="given_twice")
        for m, product_id in ((None, entry.product_id), *((m, part.product_id) for m, part in enumerate(entry.parts))):
            if product_id not in known:
                where = f"/entries/{n}/product_id" if m is None else f"/entries/{n}/parts/{m}/product_id"
                raise Invalid("There is no such product.", pointer=where, code="unknown_product")
        said = entry.model_dump(mode="json")
        for part in said["parts"]:
            product = known[UUID(part["product_id"])]
            part |= {"sku": product.sku, "name": product.name}
        kept.append(said)
    return kept


def _told(kind: type[PriceListEvent], one: PriceList) -> PriceListEvent:
    return kind.of(one, products=len(one.entries))
