"""Deriving all facts again from what they keep of their events: where the log does not reach back far enough.

It happens in shadow tables; the live ones keep answering meanwhile.
"""

from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, Uuid, bindparam, select

from metrics_svc.facts.money import Calendar
from metrics_svc.facts.tables import CONTRACTS, DEALS, FACTS, LEADS, MILESTONES, PAYMENTS, FactTable
from metrics_svc.fold import TOLD, Touched, write_facts
from metrics_svc.rebuild.cells import recompute_cells
from metrics_svc.rebuild.shadow import TABLES, create, swap
from metrics_svc.rebuild.versions import keep
from shared.db.query import Query
from shared.db.tx import Tx

_SCHEMA = "deriving"
_BATCH = 5_000
_BEFORE_ALL = UUID(int=0)


async def derive_again(tx: Tx) -> None:
    """Derive all facts and compute all cells, in the transaction. Folds must be waiting for it."""
    await tx.execute(f"CREATE SCHEMA {_SCHEMA}; SET LOCAL search_path TO {_SCHEMA}, public")
    await create(tx, _SCHEMA, TABLES)
    for kind in TOLD:
        name, names = FACTS[kind].table.name, ", ".join(FACTS[kind].names)
        await tx.execute(f"INSERT INTO {_SCHEMA}.{name} ({names}) SELECT {names} FROM public.{name}")
    await _each(tx, "leads", LEADS)
    await _each(tx, "deals", DEALS, DEALS.table.c.lead_id.is_(None))  # the others came with their leads
    await _each(tx, "contracts", CONTRACTS)
    known = select(CONTRACTS.table.c.id)
    for parts, table in (("milestones", MILESTONES), ("payments", PAYMENTS)):  # of contracts that nothing is known of
        await _each(tx, parts, table, table.table.c.contract_id.not_in(known))
    await recompute_cells(tx)
    await swap(tx, _SCHEMA)
    await keep(tx, "facts")
    await tx.execute(f"SET LOCAL search_path TO public; DROP SCHEMA {_SCHEMA}")


async def _each(tx: Tx, records: str, table: FactTable[Any], *conditions: Any) -> None:
    """Derive these records, a page at a time."""
    id = table.table.c.id
    page = select(id).where(id > bindparam("after", type_=Uuid), *conditions).order_by(id)
    query = Query(page.limit(bindparam("most", type_=BigInteger)), UUID)
    ids = [_BEFORE_ALL]
    while ids := await tx.all(query, after=ids[-1], most=_BATCH):
        touched = Touched(Calendar(tx.settings.zone, tx.settings.zone))  # no event is heard here
        await touched.fetch(tx, **{records: ids})
        await write_facts(tx, touched.derive().values())
