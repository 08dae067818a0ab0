"""Whether conditions hold for a lead. Pure."""

from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache, partial
from types import MappingProxyType
from typing import Any

from lead_svc.conditions.fields import BESIDE, Condition, Op
from lead_svc.leads.record import Lead
from shared.spelling import compared, source_key

_NOTHING: Mapping[str, Any] = MappingProxyType({})
_same = lru_cache(4096)(compared)


@lru_cache(1024)
def _wanted(condition: Condition) -> tuple[str, ...]:
    written = _writing(condition.field)
    return tuple(written(str(one)) for one in condition.values)


def _writing(field: str) -> Callable[[str], str]:
    """How the spellings of a field's values are brought to one form."""
    return source_key if field == "source" else _same


_HOLDS: Mapping[Op, Callable[[Any, Condition], bool]] = {
    Op.IS: lambda value, c: value is not None and _writing(c.field)(str(value)) in _wanted(c),
    Op.IS_NOT: lambda value, c: value is None or _writing(c.field)(str(value)) not in _wanted(c),
    Op.CONTAINS: lambda value, c: value is not None and any(one in _writing(c.field)(str(value)) for one in _wanted(c)),
    Op.STARTS_WITH: lambda value, c: value is not None and _writing(c.field)(str(value)).startswith(_wanted(c)),
    Op.AT_LEAST: lambda value, c: value is not None and value >= c.values[0],
    Op.AT_MOST: lambda value, c: value is not None and value <= c.values[0],
    Op.KNOWN: lambda value, c: value not in (None, ""),
    Op.UNKNOWN: lambda value, c: value in (None, ""),
}


def unmet(conditions: Sequence[Condition], lead: Lead, beside: Mapping[str, Any] = _NOTHING) -> Condition | None:
    """The first condition that does not hold for the lead; None when all do.

    `beside`: the figures of the lead that are rows of their own (`lead_svc.leads.queries.beside`); one that is not given is not known.
    """
    return next((one for one in conditions if not _HOLDS[one.op](_value(one.field, lead, beside), one)), None)


def _value(field: str, lead: Lead, beside: Mapping[str, Any]) -> Any:
    return beside.get(field) if field in BESIDE else getattr(lead, field)


Asked = Sequence[tuple[str, Callable[[Any], bool]]]


def asked(conditions: Sequence[Condition]) -> Asked:
    """Conditions made ready for many leads: each field, and a test that remembers its answers, since leads say the same again and again."""
    return [(str(one.field), lru_cache(1024)(partial(_test, one))) for one in conditions]


def _test(condition: Condition, value: Any) -> bool:
    return _HOLDS[condition.op](value, condition)


def all_hold(conditions: Asked, lead: Lead) -> bool:
    """`holds` for conditions that ask nothing but the lead itself."""
    for field, test in conditions:  # noqa: SIM110  # it runs for each rule and lead, and a generator costs more than the test
        if not test(getattr(lead, field)):
            return False
    return True


def holds(conditions: Sequence[Condition], lead: Lead, beside: Mapping[str, Any] = _NOTHING) -> bool:
    return unmet(conditions, lead, beside) is None
