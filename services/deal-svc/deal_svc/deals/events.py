"""What events say of a deal: each of their fields that the deal has too is taken from it by name."""

from collections.abc import Callable
from functools import lru_cache
from typing import Any, TypeVar

from deal_svc.deals.record import Deal
from shared.events.deal import DealSvcEvent
from shared.events.envelope import Money
from shared.events.stages import ORDER

E = TypeVar("E", bound=DealSvcEvent)

_TOLD_AS: dict[str, Callable[[Deal], Any]] = {
    "amount": lambda deal: Money(amount=deal.amount, currency=deal.currency),
    "flags": lambda deal: sorted(deal.flags),
    "kind": lambda deal: deal.kind.value,
    "deal_kind": lambda deal: deal.kind.value,
    "stage_order": lambda _: ORDER,
}


@lru_cache(maxsize=64)
def _taken(kind: type[DealSvcEvent]) -> tuple[str, ...]:
    return tuple(n for n in kind.model_fields if n in Deal.__dataclass_fields__ or n in _TOLD_AS)


def told(kind: type[E], deal: Deal, **more: Any) -> E:
    """The event about this deal.

    `more` are facts of the event itself, and fields that it tells otherwise than the deal has them.
    """
    given = {n: _TOLD_AS[n](deal) if n in _TOLD_AS else getattr(deal, n) for n in _taken(kind) if n not in more}
    return kind(**given, **more)
