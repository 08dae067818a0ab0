"""Reading what a request asks of a figure from its query."""

from dataclasses import replace
from typing import Annotated
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


async def asked_now(
    request: Request,
    db: Reading,
    by: Annotated[By | None, Query(description="One line per value of this dimension.")] = None,
    source: Annotated[str | None, Query(min_length=1, max_length=200, description=f"Only this source; `{NONE}` for unknown.")] = None,
    owner: Annotated[Id | None, Query(description=f"Only this person's, an id; `{NONE}` for nobody's.")] = None,
    team: Annotated[Id | None, Query(description=f"Only this team's, an id; `{NONE}` for no team's.")] = None,
    product: Annotated[str | None, Query(min_length=1, max_length=200, description=f"Only this product; `{NONE}` for unknown.")] = None,
    region: Annotated[str | None, Query(min_length=1, max_length=200, description=f"Only this region; `{NONE}` for unknown.")] = None,
) -> Question:
    """The question to a figure that is always as of now."""
    state = request.app.state
    zone: ZoneInfo = state.settings.zone
    given = {"source": source, "owner": owner, "team": team, "product": product, "region": region}
    filters = {name: _value(db, name, text) for name, text in given.items() if text is not None}
    _each_once(request)
    today = day_of(state.clock(), zone)
    return Question(start=None, end=None, as_of=None, by=by, filters=filters, zone=zone, today=today)


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
