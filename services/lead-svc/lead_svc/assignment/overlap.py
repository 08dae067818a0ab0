"""Whether one set of conditions covers another: every lead that meets the second meets the first. Pure."""

from collections.abc import Callable, Mapping, Sequence

from lead_svc.conditions.fields import Condition, Op
from shared.spelling import compared, source_key

_POSITIVE = (Op.IS, Op.CONTAINS, Op.STARTS_WITH, Op.AT_LEAST, Op.AT_MOST, Op.KNOWN)
"""Tests that a lead can only meet when the field is known."""


def covers(wide: Sequence[Condition], narrow: Sequence[Condition]) -> bool:
    """Whether each condition of the wide one follows from one of the narrow one. Sure when it says so; it may miss what is intricate."""
    return all(any(_follows(one, given) for given in narrow) for one in wide)


def _follows(one: Condition, given: Condition) -> bool:
    if one.field != given.field:
        return False
    if one.op is Op.KNOWN:
        return given.op in _POSITIVE
    return (implied := _IMPLIED.get((given.op, one.op))) is not None and implied(_written(given), _written(one))


def _written(condition: Condition) -> list[str]:
    same = source_key if condition.field == "source" else compared
    return [same(str(value)) for value in condition.values]


def _each(test: Callable[[str, str], bool]) -> Callable[[list[str], list[str]], bool]:
    """Every value of the narrow condition passes the test with one of the wide one."""
    return lambda narrow, wide: all(any(test(value, other) for other in wide) for value in narrow)


_IMPLIED: Mapping[tuple[Op, Op], Callable[[list[str], list[str]], bool]] = {
    (Op.IS, Op.IS): _each(str.__eq__),
    (Op.IS, Op.STARTS_WITH): _each(str.startswith),
    (Op.IS, Op.CONTAINS): _each(str.__contains__),
    (Op.IS, Op.IS_NOT): lambda narrow, wide: set(narrow).isdisjoint(wide),
    (Op.IS_NOT, Op.IS_NOT): lambda narrow, wide: set(wide) <= set(narrow),
    (Op.STARTS_WITH, Op.STARTS_WITH): _each(str.startswith),
    (Op.STARTS_WITH, Op.CONTAINS): _each(str.__contains__),
    (Op.CONTAINS, Op.CONTAINS): _each(str.__contains__),
    (Op.AT_LEAST, Op.AT_LEAST): lambda narrow, wide: int(narrow[0]) >= int(wide[0]),
    (Op.AT_MOST, Op.AT_MOST): lambda narrow, wide: int(narrow[0]) <= int(wide[0]),
    (Op.UNKNOWN, Op.UNKNOWN): lambda narrow, wide: True,
}
