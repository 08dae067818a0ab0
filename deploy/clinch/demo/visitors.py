"""The website's visitors of the last days: what they looked at, and who gave a name. Scores, MQLs and owners follow by the rules."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from clinch.demo import staff
from clinch.demo.calls import Calls, Hand, Progress, Refused, given, plain
from clinch.demo.leads import company_name, draw_prospect
from clinch.demo.moments import Draw
from clinch.demo.story import Plan, Prospect
from clinch.demo.tables import LINES, SOURCES, Line, Source

WEBSITE = tuple(source for source in SOURCES if source.medium in ("organic", "paid", "download", "social"))
SHARE, AT_LEAST, DAYS = 0.02, 16, 5
"""Of the leads of a year, and in how many days they came."""
LOOKS = (("product_page", 6), ("dwell", 3), ("download", 3), ("webinar", 1), ("demo_requested", 2))
"""What visitors do, and how often."""
NAMED = 0.7
"""So many say who they are."""
BULK = 200


FORM, FILLED_IN = "demo-contact", ("email", "contact_name", "company", "job_title", "phone", "region", "size", "product")
BY_FORM = 5
"""So many send the form of the website. The others are entered by the website's own system, as it knows what they did."""


@dataclass(frozen=True, slots=True)
class Look:
    """Something that a visitor did. `value`: pages or seconds."""

    at: datetime
    kind: str
    value: int | None = None


@dataclass(frozen=True, slots=True)
class Visitor:
    """`named_at`: when they filled in the form; None for one who did not."""

    key: str
    came_at: datetime
    source: Source
    campaign: str
    prospect: Prospect
    line: Line
    looks: tuple[Look, ...]
    named_at: datetime | None


def visitors(plan: Plan) -> list[Visitor]:
    """Those of the last days, drawn from the plan's key: the same plan has the same ones."""
    count = max(AT_LEAST, round(SHARE * len(plan.leads)))
    return [_visitor(Draw(f"{plan.key}/V{n}", plan.now), f"{plan.key}-V{n:04d}", len(plan.leads) + n) for n in range(1, count + 1)]


def _visitor(draw: Draw, key: str, nth: int) -> Visitor:
    source = draw.weighted(WEBSITE)
    came_at = draw.now - timedelta(hours=draw.between(3, DAYS * 24))
    times = [came_at + timedelta(minutes=2 * n + draw.between(0, 1)) for n in range(1, draw.between(2, 7))]
    looks = tuple(Look(at, draw.by_weight(LOOKS)) for at in times)
    named_at = times[-1] + timedelta(minutes=3) if draw.chance(NAMED) else None
    prospect = draw_prospect(draw, company_name(nth))
    return Visitor(key, came_at, source, draw.one(source.campaigns), prospect, draw.weighted(LINES), looks, named_at)


async def receive(came: Sequence[Visitor], calls: Calls, progress: Progress) -> None:
    """Send what the visitors did, and enter who they are. Done again, it changes nothing."""
    advance = progress.stage("Visitors of the website", len(came))
    signals = [signal for visitor in came for signal in _signals(visitor)]
    for n in range(0, len(signals), BULK):
        await _send(calls, signals[n : n + BULK])
    entered = {visitor.key for visitor in by_hand(came)}
    await _make_form(calls)
    for visitor in came:
        if visitor.named_at and visitor.key in entered:
            await _enter(calls, visitor, visitor.named_at)
        elif visitor.named_at:
            await _send_form(calls, visitor)
        advance(1)


def by_hand(came: Sequence[Visitor]) -> Sequence[Visitor]:
    """Those whose names somebody enters, with the visitor's key; the others of whom we learn a name send the form themselves."""
    named = [visitor for visitor in came if visitor.named_at]
    return named[: max(len(named) - BY_FORM, len(named) // 2)]


def _signals(visitor: Visitor) -> Iterator[Mapping[str, Any]]:
    """Before they had a name: the first one says what brought them."""
    landing = Look(visitor.came_at, "visit", 1)
    for n, look in enumerate((landing, *visitor.looks)):
        said = {"signal_id": f"{visitor.key}-{n}", "kind": look.kind, "at": look.at, "value": look.value, "visitor_id": visitor.key}
        brought = {"source": visitor.source.name, "campaign": visitor.campaign, "medium": visitor.source.medium}
        yield said if n else {**said, **brought}


async def _send(calls: Calls, signals: Sequence[Mapping[str, Any]]) -> None:
    hand = Hand(calls, str(signals[0]["signal_id"]))
    await hand.post(staff.MARKETING, "/v1/signals/bulk", items=plain([*signals]))


async def _make_form(calls: Calls) -> None:
    fields = [
        {"name": name, "label": name.replace("_", " ").title(), "lead_field": name, "required": name == "email"} for name in FILLED_IN
    ]
    consents = [{"purpose": "contact", "text": "You may contact me.", "text_zh": "可以与我联系。", "text_version": "1", "required": True}]
    form = {"name": "Talk to us", "source": "content", "allowed_origins": ["https://www.clinch.example"]}
    try:
        await Hand(calls, FORM).post(staff.MARKETING, "/v1/forms", key=FORM, **form, fields=fields, consents=consents)
    except Refused as refused:
        if refused.code != "key_taken":
            raise


async def _send_form(calls: Calls, visitor: Visitor) -> None:
    """As a browser does: without a token. The answer tells nothing."""
    answers = {**visitor.prospect.fields, "product": visitor.line.name}
    known = {"submission_id": visitor.key, "visitor_id": visitor.key, "consent_contact": "1"}
    body = known | {name: answers[name] for name in FILLED_IN}
    given(await calls.send("POST", f"/v1/forms/{FORM}", by=None, json=body), "a visitor")


async def _enter(calls: Calls, visitor: Visitor, at: datetime) -> None:
    """The form of the website: it names the visitor, so that all that they did is the lead's."""
    hand = Hand(calls, visitor.key)
    await hand.post(
        staff.MARKETING,
        "/v1/leads",
        external_id=visitor.key,
        captured_at=at,
        source=visitor.source.name,
        medium=visitor.source.medium,
        campaign=visitor.campaign,
        **visitor.prospect.fields,
        product=visitor.line.name,
    )
    await hand.post(
        staff.MARKETING,
        "/v1/signals",
        signal_id=f"{visitor.key}-form",
        kind="form",
        at=at,
        visitor_id=visitor.key,
        external_id=visitor.key,
    )
