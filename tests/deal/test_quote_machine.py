"""Whatever people do with a quote, in whatever order: nothing is sent but what was approved, by those who may approve it."""

import asyncio
from collections.abc import Coroutine, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any
from uuid import UUID

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from clinch.run.postgres import Postgres
from deal_svc.quotes.tables import QUOTES
from deal_svc.quotes.tiers import content_hash
from deal_svc.service import service
from shared.calendar import day_of
from shared.db.tx import Reader
from shared.events.team import PersonAdded
from shared.verify import recounted, run
from tests.deal.sales import TEAM, Sales
from tests.harness import Running
from tests.machines import driven, hold

OWNER, MANAGER, DIRECTOR, FINANCE, LEGAL, HELPER = "rep:ann", "manager:max", "director:dan", "finance:fay", "legal:lea", "assistant:ash"
DECIDERS = {"manager": {MANAGER, DIRECTOR}, "director": {DIRECTOR}, "finance": {FINANCE}, "legal": {LEGAL}}
STEPS = {5: (), 15: ("manager",), 40: ("director", "finance")}
"""Who is asked for so many percent off. Special terms are for legal besides."""
PENALTY = "Penalty of 1 % a day"

people = st.sampled_from([OWNER, MANAGER, DIRECTOR, FINANCE, LEGAL, HELPER])
sellers = st.sampled_from([OWNER, MANAGER])
steps = st.sampled_from(sorted(DECIDERS))


@dataclass(frozen=True)
class Offer:
    """What a version says: percent off, special terms, days to pay."""

    off: int = 5
    special: str | None = None
    days: int = 30

    @property
    def steps(self) -> tuple[str, ...]:
        return (*STEPS[self.off], *(["legal"] if self.special else []))

    def is_no_worse(self, than: "Offer") -> bool:
        return self.off <= than.off and self.special in (None, than.special) and self.days <= than.days


offers = st.builds(Offer, st.sampled_from(sorted(STEPS)), st.sampled_from([None, None, PENALTY]), st.sampled_from([30, 60]))


@dataclass
class Version:
    """A version of the quote as the story has it so far. `decided`: who decided each step, `named`: to whom it was delegated."""

    id: str
    offer: Offer
    valid_until: date
    status: str = "draft"
    approved: Offer | None = None
    by: str = ""
    open: set[str] = field(default_factory=set)
    decided: dict[str, str] = field(default_factory=dict)
    named: dict[str, str] = field(default_factory=dict)

    def may_decide(self, step: str, who: str) -> bool:
        asked = who in DECIDERS[step] or self.named.get(step) == who
        return self.status == "pending_approval" and step in self.open and asked and who not in (OWNER, self.by, *self.decided.values())


class Quoting(RuleBasedStateMachine):
    """A quote of a deal of Ann's."""

    def __init__(self, svc: Running, loop: asyncio.AbstractEventLoop, sales: Sales) -> None:
        super().__init__()
        self.svc, self.loop, self.sales = svc, loop, sales
        self.deal = self._do(sales.deal())
        first = self._do(sales.quote(self.deal, total_discount_percent="5"))
        self.versions = [self._version(first, Offer())]

    def _do(self, what: Coroutine[Any, Any, Any]) -> Any:
        return self.loop.run_until_complete(what)

    def _version(self, answer: Mapping[str, Any], offer: Offer) -> Version:
        return Version(answer["id"], offer, date.fromisoformat(answer["valid_until"]))

    @property
    def last(self) -> Version:
        return self.versions[-1]

    @property
    def today(self) -> date:
        return day_of(self.svc.clock(), self.svc.settings.zone)

    def _asked(self, version: Version) -> tuple[str, ...]:
        """Who has to approve a draft: nobody, where the last approved version before it covers it."""
        before = next((v.approved for v in reversed(self.versions[:-1]) if v.approved), None)
        return () if before and version.offer.is_no_worse(before) else version.offer.steps

    def _try(self, may: bool, who: str, action: str, version: Version, **body: Any) -> Any:
        """Ask for it: it works exactly if it may. The answer, or None."""
        answer = self._do(self.sales.raw(who, "POST", f"/v1/quotes/{version.id}/{action}", body, etag="*"))
        assert (answer.status_code in (200, 201)) is may, (action, who, version, answer.status_code, answer.text)
        assert may or answer.status_code in (403, 404, 409), answer.text
        return answer.json() if may else None

    # -- What people do --------------------------------------------------------------------------------------------------------

    @rule(offer=offers)
    def change(self, offer: Offer) -> None:
        body = {
            "total_discount_percent": str(offer.off),
            "special_terms": offer.special,
            "schedule": [{"trigger": "signed", "percent": "100", "due_days": offer.days}],
        }
        answer = self._do(self.sales.raw(OWNER, "PATCH", f"/v1/quotes/{self.last.id}", body, etag="*"))
        assert answer.status_code == (200 if self.last.status == "draft" else 409), answer.text
        if self.last.status == "draft":
            self.last.offer = offer

    @rule(who=sellers)
    def submit(self, who: str) -> None:
        version = self.last
        if self._try(version.status == "draft" and self.today <= version.valid_until, who, "submit", version):
            self._submitted(version, who)

    def _submitted(self, version: Version, who: str) -> None:
        asked = self._asked(version)
        version.by, version.open, version.decided, version.named = who, set(asked), {}, {}
        version.status = "pending_approval" if asked else "approved"
        version.approved = None if asked else version.offer

    @rule(step=steps, who=people, approve=st.sampled_from([True, True, True, False]))
    def decide(self, step: str, who: str, approve: bool) -> None:
        version = self.last
        seen = self._do(self.sales.ask("admin", "GET", f"/v1/quotes/{version.id}"))["content_hash"] or "0" * 64
        decision: dict[str, Any] = {"decision": "approved"} if approve else {"decision": "rejected", "reason": "Too much"}
        if not self._try(version.may_decide(step, who), who, "decisions", version, step=step, content_hash=seen, **decision):
            return
        version.decided[step] = who
        version.open.discard(step)
        if not approve:
            version.status = "draft"
        elif not version.open:
            version.status, version.approved = "approved", version.offer

    @rule(step=steps, who=people, to=people)
    def delegate(self, step: str, who: str, to: str) -> None:
        version = self.last
        fit = to not in (OWNER, version.by, *version.decided.values())
        if self._try(version.may_decide(step, who) and fit, who, "decisions/delegate", version, step=step, person_id=self.sales.id(to)):
            version.named[step] = to

    @rule(who=sellers, to=st.sampled_from([OWNER, DIRECTOR, HELPER]))
    def delegate_all(self, who: str, to: str) -> None:
        """One person is named for every step of a large discount, and tries to decide each."""
        self.offer_again([Offer(40)], who, through=False)
        for step in sorted(self.last.open):
            giver = next((one for one in sorted(DECIDERS[step]) if self.last.may_decide(step, one)), FINANCE)
            self.delegate(step, giver, to)
            self.decide(step, to, approve=True)

    @rule(who=sellers)
    def take_back(self, who: str) -> None:
        version = self.last
        may = version.status == "pending_approval" and who in (version.by, MANAGER)
        if self._try(may, who, "withdraw-submission", version):
            version.status = "draft"

    @rule()
    def revise(self) -> None:
        if answer := self._try(self.last.status not in ("draft", "pending_approval", "accepted"), OWNER, "revise", self.last):
            self.versions.append(self._version(answer, self.last.offer))

    @rule()
    def all_approve(self) -> None:
        """Each open step is decided by the first who may."""
        for step in sorted(self.last.open):
            who = next((who for who in (MANAGER, FINANCE, LEGAL, DIRECTOR, HELPER) if self.last.may_decide(step, who)), None)
            if who is not None:
                self.decide(step, who, approve=True)

    @rule(given=st.lists(offers, min_size=1, max_size=4), who=sellers, through=st.booleans())
    def offer_again(self, given: list[Offer], who: str, through: bool) -> None:
        """Version after version, each sent at once if it may be, and submitted otherwise; approved, and sent then."""
        for offer in given:
            self.revise()
            self.change(offer)
            self.send(who)
            self.submit(who)
            if through:
                self.all_approve()
                self.send(who)

    @rule(who=sellers)
    def send(self, who: str) -> None:
        version = self.last
        ready = version.status == "approved" or (version.status == "draft" and not self._asked(version))
        if not self._try(ready and self.today <= version.valid_until, who, "send", version):
            return
        if version.status == "draft":
            self._submitted(version, who)
        for earlier in self.versions[:-1]:
            if earlier.status in ("approved", "sent", "accepted"):
                earlier.status = "superseded"
        version.status = "sent"

    @rule(n=st.integers(0, 9), who=sellers)
    def accept(self, n: int, who: str) -> None:
        """Before negotiation only a manager says so, with a reason."""
        version = self.versions[n % len(self.versions)]
        if self._try(version.status == "sent" and who == MANAGER, who, "accept", version, reason="They ordered by phone"):
            version.status = "accepted"

    @rule(n=st.integers(0, 9), who=sellers, ours=st.booleans())
    def end(self, n: int, who: str, ours: bool) -> None:
        """The customer says no, or we take it back."""
        version = self.versions[n % len(self.versions)]
        if ours:
            open_ = version.status in ("draft", "pending_approval", "approved", "sent")
            may, action = open_ or (version.status == "accepted" and who == MANAGER), "withdraw"
        else:
            may, action = version.status == "sent", "reject"
        if self._try(may, who, action, version, reason="Too dear"):
            version.status = "withdrawn" if ours else "rejected"

    @rule(days=st.sampled_from([1, 6, 40]))
    def wait(self, days: int) -> None:
        """Time goes by, and the worker looks: what is out expires, what nobody decided is escalated."""
        self.svc.clock.advance(days=days)
        self._do(self.svc.fire_due())
        for version in self.versions:
            if version.status == "sent" and version.valid_until < self.today:
                version.status = "expired"

    @rule(offer=offers)
    def leave_alone(self, offer: Offer) -> None:
        self.offer_again([offer], OWNER, through=False)
        self.wait(6)

    # -- What holds ------------------------------------------------------------------------------------------------------------

    @invariant()
    def each_version_is_where_the_story_says(self) -> None:
        self._do(self._hold())

    async def _hold(self) -> None:
        ids = [UUID(version.id) for version in self.versions]
        async with self.svc.db.read() as db:
            kept = {str(one.id): one for one in await db.all(QUOTES.get_many, ids=ids)}
            approved = {str(r["subject"]): r["hash"] for r in await db.rows(_APPROVED, ids)}
            await self._decided_by_others(db, ids)
        for version in self.versions:
            quote = kept[version.id]
            assert quote.status == version.status
            if quote.sent_at is not None:
                assert quote.content_hash == content_hash(quote) == approved[version.id]
        assert sum(version.status in ("sent", "accepted") for version in self.versions) <= 1

    async def _decided_by_others(self, db: Reader, ids: list[UUID]) -> None:
        rows = await db.rows(_DECIDED, ids)
        pending = [version.id for version in self.versions if version.status == "pending_approval"]
        assert {str(row["record_id"]) for row in rows if row["state"] == "open"} == set(pending)
        assert len({row["id"] for row in rows if row["state"] == "open"}) == len(pending) <= 1
        owner = self.svc.person("rep", "ann")
        for approval in {row["id"] for row in rows}:
            by = [row["decided_by"] for row in rows if row["id"] == approval and row["decided_by"]]
            assert len(by) == len(set(by)), "one person decided two steps"
            assert not {owner, next(row["requested_by"] for row in rows if row["id"] == approval)} & set(by)
        for row in rows:
            late = row["step_state"] == "open" and row["due_at"] <= self.svc.clock()
            assert not late or row["escalated_at"] == row["due_at"], "what is late is escalated"

    def teardown(self) -> None:
        self._do(self._end())

    async def _end(self) -> None:
        """Histories are paths of the acts, and each step was escalated once at most."""
        async with self.svc.db.connection() as conn:
            assert [f.says async for f in run(conn, self.svc.service.checks) if f.offenders] == []
            assert await conn.fetch(_TWICE) == []
        assert [f.says async for f in recounted(self.svc.db, self.svc.service.recounts) if f.offenders] == []


_APPROVED = """
SELECT DISTINCT ON (subject) subject, data->>'content_hash' AS hash FROM event
WHERE subject = ANY($1::uuid[]) AND type = 'clinch.quote.approved.v1' ORDER BY subject, version DESC
"""
_DECIDED = """
SELECT a.id, a.record_id, a.state, a.requested_by, s.state AS step_state, s.decided_by, s.due_at, s.escalated_at
FROM approval a JOIN approval_step s ON s.approval_id = a.id WHERE a.record_id = ANY($1::uuid[])
"""
_TWICE = """
SELECT subject FROM event WHERE type = 'clinch.quote.approval_escalated.v1' GROUP BY subject, data->>'step' HAVING count(*) > 1
"""


async def _office(svc: Running) -> Sales:
    sales = await Sales.start(svc)
    for who in (DIRECTOR, FINANCE, LEGAL, HELPER):
        role, key = who.split(":")
        team = TEAM if who == HELPER else None
        await svc.hear(PersonAdded(role=role, team_id=team, team_path=[team] if team else []), svc.person(role, key))
    return sales


def test_what_is_sent_is_what_was_approved_whatever_happens_to_a_quote(postgres: Postgres) -> None:
    with driven(service, postgres) as (svc, loop):
        sales = loop.run_until_complete(_office(svc))
        hold(lambda: Quoting(svc, loop, sales), examples=30, steps=12)
