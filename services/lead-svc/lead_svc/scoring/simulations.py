"""What a draft of the scoring model would do: whom it makes an MQL, and which of the leads that sales took on it would have found."""

from collections import Counter
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Integer, Uuid, bindparam, func, select

from lead_svc.leads.record import Grade, Lead, State
from lead_svc.leads.tables import LEAD, LEADS
from lead_svc.scoring.policy import POLICY, ScoringPolicy
from lead_svc.scoring.queries import signs_of
from lead_svc.scoring.rules import Scorer, Sign, reaches_mql
from shared.db.database import Database
from shared.db.query import Query, is_in
from shared.db.tables import EVENT, POLICY_SIMULATION, At
from shared.db.tx import Reader
from shared.events.lead import LeadQualified
from shared.policy.document import Difference, Looked, Simulation

BATCH = 500
_POOL = "pool"

_leads = (
    select(*[LEAD.c[n] for n in LEADS.names])
    .where(LEAD.c.id > bindparam("after", type_=Uuid))
    .order_by(LEAD.c.id)
    .limit(bindparam("most", type_=Integer))
)
_CAPTURED = Query(_leads.where(LEAD.c.state == State.CAPTURED.value, LEAD.c.captured_at.is_not(None)), Lead)
_SINCE = Query(_leads.where(LEAD.c.captured_at > bindparam("since", type_=At)), Lead)
_ASKED = Query(select(func.max(POLICY_SIMULATION.c.created_at)).where(POLICY_SIMULATION.c.name == bindparam("name")), datetime)


@dataclass(frozen=True, slots=True)
class _Qualified:
    id: UUID
    at: datetime


_QUALIFIED = Query(
    select(EVENT.c.subject.label("id"), func.min(EVENT.c.time).label("at"))
    .where(is_in(EVENT.c.subject, "leads"), EVENT.c.type == LeadQualified.type)
    .group_by(EVENT.c.subject),
    _Qualified,
)


async def _batches(db: Database, query: Query[Lead], **params: Any) -> AsyncIterator[tuple[Reader, Sequence[Lead]]]:
    """The leads, batch by batch, each with a reader for what else is to be known of them."""
    after = UUID(int=0)
    while True:
        async with db.read() as reader:
            leads = await reader.all(query, after=after, most=BATCH, **params)
            yield reader, leads
        if len(leads) < BATCH:
            return
        after = leads[-1].id


async def _asked_at(db: Database) -> datetime:
    """A report says how things were when it was asked for, by the business's clock."""
    async with db.read() as reader:
        return await reader.one(_ASKED, name=POLICY.name)


# -- Whom it makes an MQL ------------------------------------------------------------------------------------------------------


async def _mqls(db: Database, active: ScoringPolicy, draft: ScoringPolicy, days: int) -> AsyncIterator[Looked]:
    """Captured leads that would be MQLs at once, by source and owner."""
    now = await _asked_at(db)
    async for reader, leads in _batches(db, _CAPTURED):
        before, then = [await _points(reader, leads, model, now) for model in (active, draft)]
        made = [lead for lead in leads if reaches_mql(lead, then[lead.id], draft)]
        counts = Counter({"mqls": len(made)})
        for lead in made:
            counts.update([f"source:{lead.source}", f"owner:{lead.owner_id or _POOL}"])
        yield Looked(len(leads), [Difference("lead", lead.id, before[lead.id], then[lead.id]) for lead in made], counts)


async def _points(db: Reader, leads: Sequence[Lead], model: ScoringPolicy, at: datetime) -> dict[UUID, int]:
    signs = await signs_of(db, [lead.id for lead in leads], model)
    explain = Scorer(model).explain
    return {lead.id: explain(lead, signs.get(lead.id, ()), at).points for lead in leads}


# -- What it would have found --------------------------------------------------------------------------------------------------


async def _found(db: Database, active: ScoringPolicy, draft: ScoringPolicy, days: int) -> AsyncIterator[Looked]:
    """Leads captured in the last days: would their score have found those that sales took on as SQLs, before sales did?"""
    now, scorers = await _asked_at(db), (Scorer(active), Scorer(draft))
    async for reader, leads in _batches(db, _SINCE, since=now - timedelta(days=days)):
        ids = [lead.id for lead in leads]
        taken = {one.id: one.at for one in await reader.all(_QUALIFIED, leads=ids)}
        signs = [await signs_of(reader, ids, model) for model in (active, draft)]
        counts: Counter[str] = Counter()
        differ = []
        for lead in leads:
            until = taken.get(lead.id, now)
            before, then = (_reached(lead, its.get(lead.id, ()), scorer, until) for scorer, its in zip(scorers, signs, strict=True))
            is_sql = lead.id in taken
            counts.update({"sqls": is_sql, "mqls": then, "caught": then and is_sql})
            if before != then:
                differ.append(Difference("lead", lead.id, _says(before, is_sql), _says(then, is_sql)))
        yield Looked(len(leads), differ, counts)


def _says(is_mql: bool, is_sql: bool) -> str:
    return f"{'MQL' if is_mql else 'no MQL'}, {'SQL' if is_sql else 'no SQL'}"


def _reached(lead: Lead, signs: Sequence[Sign], scorer: Scorer, until: datetime) -> bool:
    """Whether the score was ever the threshold's until then. It is highest just after a signal."""
    seen = _before_sales(lead)
    times = {lead.captured_at or until, *(sign.at for sign in signs)}
    return any(scorer.explain(seen, signs, at).points >= scorer.threshold for at in times if at <= until)


def _before_sales(lead: Lead) -> Lead:
    """The lead without what sales found out of it: a score that needs that finds nobody for sales."""
    return replace(lead, grade=Grade.C, bant={}, bant_score=0, intent=None, responses=0, no_response_count=0)


SIMULATIONS = [
    Simulation("mqls", "All captured leads: which of them would be an MQL at once, by source and owner?", _mqls),
    Simulation(
        "found",
        "Leads captured in these days: which of them would their score have made an MQL, before sales took them on as an SQL or not?",
        _found,
        ratios={"precision": ("caught", "mqls"), "recall": ("caught", "sqls")},
    ),
]
