"""The history that an imported row tells: which stage when, and what is wrong about it. Pure."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Protocol
from uuid import UUID

from deal_svc.deals.pipeline import FIRST, OPEN_STAGES, Stage, place
from deal_svc.deals.record import Deal
from deal_svc.deals.rules import DEAL
from shared.acts import Act, who
from shared.auth.actor import Role
from shared.errors import Unmet
from shared.events.deal import DealHistoryCorrected, DealOpened

IMPORT: Act[Deal, None] = Act(
    of=DEAL,
    name="import",
    operation=None,
    who=who(Role.admin, Role.ops, Role.sales_ops, Role.director),
    makes=True,
    to=(FIRST,),
    tells=(DealOpened,),
    says="Takes a deal of another system with its history; a later file adds to it.",
    asks="A history without contradictions.",
)
CORRECT: Act[Deal, None] = Act(
    of=DEAL,
    name="correct",
    operation=None,
    who=who(Role.admin, Role.ops, Role.sales_ops),
    moves=tuple((a, b) for a in Stage for b in Stage),
    tells=(DealHistoryCorrected,),
    says="Takes the history of an imported deal from the file again.",
    asks="A deal that no person has touched since it was imported.",
)
ENTERED = {stage: f"{stage}_at" for stage in OPEN_STAGES[1:]}
"""The column that says when a deal came to a stage."""

OPENED_UNKNOWN = "opened_at_unknown"
"""The file does not say when the deal was opened; it counts as opened at its first known moment."""


class Plan(Protocol):
    """What a row says about what comes next."""

    next_step: str | None
    next_step_due_at: datetime | None


def plan_unmet(row: Plan) -> list[Unmet]:
    """A next step has a text and a time."""
    given = {"next_step": row.next_step, "next_step_due_at": row.next_step_due_at}
    empty = [name for name, value in given.items() if value is None]
    return [Unmet(name, "is empty; a next step needs a text and a time") for name in empty] if len(empty) == 1 else []


class History(Protocol):
    """What a row says about times."""

    opened_at: datetime | None
    stage: Stage | None
    moved_at: datetime | None
    closed_at: datetime | None

    @property
    def entered(self) -> Mapping[Stage, datetime | None]: ...
    @property
    def outcome(self) -> str: ...


@dataclass(frozen=True, slots=True)
class Visit:
    stage: Stage
    at: datetime


@dataclass(frozen=True, slots=True)
class Told:
    """A deal's way as far as it is known: where it was opened, the moves after that, and the end."""

    opened_at: datetime
    moves: tuple[Visit, ...]
    closed: Visit | None
    flags: tuple[str, ...]

    @property
    def stage(self) -> Stage:
        """The last open stage."""
        return self.moves[-1].stage if self.moves else FIRST

    @property
    def stage_since(self) -> datetime:
        return self.moves[-1].at if self.moves else self.opened_at


def told(row: History, now: datetime) -> tuple[Told | None, list[Unmet]]:
    """The history, or what is wrong with it by field."""
    visits = [Visit(stage, at) for stage, at in row.entered.items() if at]
    if row.stage in OPEN_STAGES[1:] and row.stage not in [v.stage for v in visits]:
        since = row.moved_at or max([row.opened_at or row.closed_at or now, *[v.at for v in visits]])
        visits.append(Visit(row.stage, since))
    closed = Visit(Stage(row.outcome), row.closed_at) if row.outcome != "open" and row.closed_at else None
    known = [at for at in (row.opened_at, *(v.at for v in visits), row.closed_at) if at]
    wrong = _wrong(row, visits, known, now)
    if wrong:
        return None, wrong
    visits.sort(key=lambda v: place(v.stage))
    flags = () if row.opened_at else (OPENED_UNKNOWN,)
    return Told(row.opened_at or min(known), tuple(visits), closed, flags), []


def _wrong(row: History, visits: list[Visit], known: list[datetime], now: datetime) -> list[Unmet]:
    wrong = []
    if not known:
        wrong.append(Unmet("opened_at", "is empty, and so are all other times; a deal needs at least one"))
    if row.outcome != "open" and row.closed_at is None:
        wrong.append(Unmet("closed_at", f"is empty, but needed for a deal that is {row.outcome}"))
    if row.outcome == "open" and row.closed_at is not None:
        wrong.append(Unmet("outcome", "is empty or open, but closed_at is given; write won or lost"))
    if row.stage and not row.stage.is_open and row.outcome != row.stage:
        wrong.append(Unmet("stage", f"is {row.stage}, which belongs into outcome"))
    if any(at > now for at in known):
        wrong.append(Unmet(_first_field(row, now), "lies in the future"))
    order = [v.at for v in sorted(visits, key=lambda v: place(v.stage))]
    if row.opened_at and any(at < row.opened_at for at in [*order, *([row.closed_at] if row.closed_at else [])]):
        wrong.append(Unmet("opened_at", "is later than what followed it"))
    if order != sorted(order):
        wrong.append(Unmet("moved_at", "the stages were entered in another order than they follow each other"))
    if row.closed_at and any(at > row.closed_at for at in order):
        wrong.append(Unmet("closed_at", "is earlier than a stage before it"))
    return wrong


def _first_field(row: History, now: datetime) -> str:
    entered = {ENTERED[stage]: at for stage, at in row.entered.items()}
    times = {"opened_at": row.opened_at, **entered, "moved_at": row.moved_at, "closed_at": row.closed_at}
    return next((name for name, at in times.items() if at and at > now), "moved_at")


def past_of(steps: Iterable[tuple[str, datetime, Mapping[str, Any]]]) -> Told | None:
    """The history that a deal's events have told so far: their short types, times and data.

    None for a deal that was reopened since.
    """
    told: Told | None = None
    for type, at, data in steps:
        if type == "deal.opened":
            told = Told(at, (), None, tuple(f for f in data["flags"] if f == OPENED_UNKNOWN))
        elif type == "deal.history_corrected":
            visits = [Visit(Stage(v["stage"]), datetime.fromisoformat(v["entered_at"])) for v in data["visits"]]
            closed = Visit(Stage(data["outcome"]), datetime.fromisoformat(data["closed_at"])) if data["closed_at"] else None
            told = Told(visits[0].at, tuple(visits[1:]), closed, tuple(f for f in data["flags"] if f == OPENED_UNKNOWN))
        elif told is None or type not in _ENDS_IN.keys() | {"deal.stage_changed"}:
            return None
        elif type == "deal.stage_changed":
            told = replace(told, moves=(*told.moves, Visit(Stage(data["to_stage"]), at)))
        else:
            told = replace(told, closed=Visit(_ENDS_IN[type], at))
    return told


_ENDS_IN = {"deal.won": Stage.WON, "deal.lost": Stage.LOST}


def correction_unmet(deal: Deal, touched: bool, lead_id: UUID | None) -> list[Unmet]:
    """What stands against telling a deal's history again."""
    if touched:
        says = "the deal has been worked on since it was imported, so its history is no longer the file's; change the deal itself"
        return [Unmet("external_id", says)]
    if lead_id is not None and deal.lead_id is not None and lead_id != deal.lead_id:
        return [Unmet("lead_external_id", "the deal came from another lead; a correction changes times, stages and amounts only")]
    return []


def contradictions(deal: Deal, history: Told) -> list[Unmet]:
    """Where a row tells another past than the one that is known: history is added to, never rewritten."""
    if not deal.is_open:
        same = history.closed is not None and (history.closed.stage, history.closed.at) == (deal.stage, deal.closed_at)
        return (
            []
            if same
            else [Unmet("outcome", f"the deal is known as {deal.stage} since another time; reopen it, or import the file with `correct`")]
        )
    wrong = []
    if OPENED_UNKNOWN not in history.flags and history.opened_at != deal.opened_at:
        wrong.append(Unmet("opened_at", "the deal is known as opened at another time; `correct` replaces what is known"))
    ahead = [v for v in history.moves if place(v.stage) > place(deal.stage)]
    later = [*(v.at for v in ahead), *([history.closed.at] if history.closed else [])]
    if any(at < deal.stage_since for at in later):
        wrong.append(Unmet("moved_at", f"lies before the deal came to {deal.stage}"))
    return wrong
