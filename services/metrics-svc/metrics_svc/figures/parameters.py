"""Reading what a request asks of a figure from its query."""

from dataclasses import replace
from inspect import Parameter, Signature
from typing import Annotated, Any
from uuid import UUID
from zoneinfo import ZoneInfo

from fastapi import Depends, Query, Request
from pydantic import WithJsonSchema

from metrics_svc.counting.dimensions import DIMENSIONS
from metrics_svc.figures.question import NONE, By, Question
from shared.calendar import day_of
from shared.db.tx import Reader
from shared.errors import Invalid
from shared.fields import Day
from shared.http.edge import Reading
from shared.policy.company import sources_of
from shared.spelling import normal_source

Id = Annotated[str, WithJsonSchema({"anyOf": [{"type": "string", "format": "uuid"}, {"const": NONE}]})]


Filters = dict[str, str]
"""What a request names of dimensions, as it is written there."""


def filters(**given: str | None) -> Filters:
    return {name: text for name, text in given.items() if text is not None}


def _filter(name: str, column: str) -> Parameter:
    """The parameter of a dimension."""
    if column.endswith("_id"):
        kind: Any = Annotated[Id | None, Query(description=f"Only this {name}'s, an id; `{NONE}` for nobody's.")]
    else:
        kind = Annotated[str | None, Query(min_length=1, max_length=200, description=f"Only this {name}; `{NONE}` for unknown.")]
    return Parameter(name, Parameter.KEYWORD_ONLY, default=None, annotation=kind)


filters.__signature__ = Signature([_filter(name, column) for name, column in DIMENSIONS.items()])  # type: ignore[attr-defined]


async def asked_now(
    request: Request,
    db: Reading,
    given: Annotated[Filters, Depends(filters)],
    by: Annotated[By | None, Query(description="One line per value of this dimension.")] = None,
) -> Question:
    """The question to a figure that is always as of now."""
    state = request.app.state
    zone: ZoneInfo = state.settings.zone
    chosen = {name: _value(db, name, text) for name, text in given.items()}
    _each_once(request)
    today = day_of(state.clock(), zone)
    return Question(start=None, end=None, as_of=None, by=by, filters=chosen, zone=zone, today=today)


AskedForNow = Annotated[Question, Depends(asked_now)]


async def asked(
    now: AskedForNow,
    start: Annotated[Day | None, Query(alias="from", description="First day, inclusive; from the beginning when left out.")] = None,
    end: Annotated[Day | None, Query(alias="to", description="Last day, exclusive; without an end when left out.")] = None,
    as_of: Annotated[Day | None, Query(description="Only what had happened by the end of this business day counts.")] = None,
) -> Question:
    if start is not None and end is not None and end <= start:
        raise Invalid("`to` is exclusive and must be later than `from`.", pointer="to", code="bad_period")
    return replace(now, start=start, end=end, as_of=as_of)


AskedFor = Annotated[Question, Depends(asked)]


def _value(db: Reader, name: str, text: str) -> str:
    if text == NONE:
        return ""
    if "\0" in text or not text:
        raise Invalid(f"{name} takes a text, or {NONE}.", pointer=name, code="bad_parameter")
    if DIMENSIONS[name].endswith("_id"):
        try:
            return str(UUID(text))
        except ValueError:
            raise Invalid(f"{name} takes an id (a UUID), or {NONE}.", pointer=name, code="bad_parameter") from None
    return _source(db, text) if name == "source" else text


def _source(db: Reader, text: str) -> str:
    """As facts have it: what the company's policy calls it, and then what was told before there were policies."""
    named = sources_of(db)(text) or text
    return normal_source(named) or named


def _each_once(request: Request) -> None:
    for name in request.query_params:
        if len(request.query_params.getlist(name)) > 1:
            raise Invalid(f"{name} is given more than once.", pointer=name, code="bad_parameter")
