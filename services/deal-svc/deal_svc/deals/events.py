"""What events say of a deal: each of their fields that the deal has too is taken from it by name."""

from enum import Enum
from functools import lru_cache
from typing import Any, TypeVar

from deal_svc.deals.record import Deal
from shared.events.deal import DealSvcEvent
from shared.events.envelope import Money

E = TypeVar("E", bound=DealSvcEvent)


@lru_cache(maxsize=64)
def _taken(kind: type[DealSvcEvent]) -> tuple[str, ...]:
    return tuple(n for n in kind.model_fields if n in Deal.__dataclass_fields__)


def told(kind: type[E], deal: Deal, **more: Any) -> E:
    """The event about this deal. `more` are facts of the event itself, and fields that it tells otherwise than the deal has them."""
    given = {name: _plain(deal, name) for name in _taken(kind) if name not in more}
    return kind(**given, **more)


def _plain(deal: Deal, name: str) -> Any:
    if name == "amount":
        return Money(amount=deal.amount, currency=deal.currency)
    value = getattr(deal, name)
    return sorted(value) if name == "flags" else value.value if isinstance(value, Enum) else value
