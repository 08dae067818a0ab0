"""Setting rates, many at once, and taking one back."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Literal
from uuid import UUID

from lead_svc.rates.fields import RateFields
from lead_svc.rates.record import Rate
from lead_svc.rates.rules import SET, WITHDRAW
from lead_svc.rates.tables import RATES
from shared.db.tx import Tx
from shared.errors import Invalid
from shared.events.rate import RateSet, RateWithdrawn
from shared.rates import rate_id

What = Literal["created", "updated", "unchanged"]


def id_of(tx: Tx, said: RateFields) -> UUID:
    return rate_id(tx.settings.reporting_currency, said.currency, said.day)


def refusal(tx: Tx, said: RateFields) -> Invalid | None:
    """Why this cannot be a rate."""
    if said.currency == tx.settings.reporting_currency:
        says = f"Figures are in {said.currency}: its rate is always 1."
        return Invalid(says, pointer="/currency", code="reporting_currency")
    return None


async def set_rates(tx: Tx, given: Sequence[RateFields]) -> Mapping[UUID, What]:
    """Set the rates of days, each named once and none refused; by id, what became of it. By a few statements, however many they are."""
    SET.permit(tx.actor)
    wanted = {id_of(tx, said): said for said in given}
    added = await tx.add_new(RATES, [(made := _new(tx, id, said), [(_told(made), tx.now)]) for id, said in wanted.items()])
    known = await tx.load_many(RATES, [id for id in wanted if id not in added]) if len(added) < len(wanted) else {}
    wants = {id: replace(rate, rate=wanted[id].rate, source=wanted[id].source) for id, rate in known.items()}
    changed = {id: replace(after, updated_at=tx.now) for id, after in wants.items() if after != known[id]}
    await tx.save_many(RATES, [(after, [(_told(after), tx.now)]) for after in changed.values()])
    return {id: "created" if id in added else "updated" if id in changed else "unchanged" for id in wanted}


async def set_rate(tx: Tx, said: RateFields) -> tuple[Rate, bool]:
    """The rate as it is then, and whether the day had none before."""
    if (refused := refusal(tx, said)) is not None:
        raise refused
    ((id, what),) = (await set_rates(tx, [said])).items()
    return await tx.get(RATES, id), what == "created"


async def withdraw(tx: Tx, id: UUID, *, expect: int | None) -> Rate:
    """Take it back. Its row stays, with who did what in its events."""
    rate = await tx.load(RATES, id, expect)
    WITHDRAW.check(rate, tx.actor)
    return await tx.save(RATES, rate, RateWithdrawn(currency=rate.currency, base=rate.base, day=rate.day, source=rate.source), rate=None)


def _new(tx: Tx, id: UUID, said: RateFields) -> Rate:
    base = tx.settings.reporting_currency
    return Rate(id, 1, said.currency, base, said.day, said.rate, said.source, tx.now, tx.now)


def _told(rate: Rate) -> RateSet:
    assert rate.rate is not None
    return RateSet(currency=rate.currency, base=rate.base, day=rate.day, rate=rate.rate, source=rate.source)
