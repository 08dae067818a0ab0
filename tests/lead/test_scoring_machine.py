"""Whatever happens to leads, a stored score is what its explanation adds up to, falls in whole steps, and demotes nobody."""

import asyncio
from datetime import timedelta
from itertools import count
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from clinch.run.postgres import Postgres
from lead_svc.checks import RECOUNTS
from lead_svc.scoring import jobs
from lead_svc.scoring.policy import POLICY
from lead_svc.service import service
from shared.verify import recounted
from tests.client import done
from tests.harness import Running
from tests.lead.desk import Desk
from tests.lead.test_scoring import DOWNLOADS, FITS, KEEN, MODEL, NEED, activate, rescored, signal
from tests.machines import driven, hold

VISITS: dict[str, Any] = {"name": "visits", "kinds": ["visit"], "points": -7, "repeat": "every", "half_life_days": 3, "counts_past": True}
LEADS = st.integers(0, 1)

SCORES = [one for one in RECOUNTS if "score" in one.says]
"""Of what `clinch verify` counts again."""


class Scored(RuleBasedStateMachine):
    """Two leads that things happen to."""

    thresholds = count(61)

    def __init__(self, svc: Running, loop: asyncio.AbstractEventLoop, desk: Desk) -> None:
        super().__init__()
        self.svc, self._do, self.desk = svc, loop.run_until_complete, desk
        self.leads = [self._do(desk.lead(region=region)) for region in ("EMEA", "APAC")]
        self.mqls: set[str] = set()

    @rule(n=LEADS, region=st.sampled_from(["EMEA", "emea", "APAC", None]))
    def changes(self, n: int, region: str | None) -> None:
        self._do(self.desk.act(self.leads[n], "", method="PATCH", region=region))

    @rule(n=LEADS, level=st.sampled_from(["low", "high"]))
    def means_it(self, n: int, level: str) -> None:
        self._do(self.desk.act(self.leads[n], "intent", level=level))

    @rule(n=LEADS, status=st.sampled_from(["confirmed", "refuted"]))
    def says(self, n: int, status: str) -> None:
        self._do(self.desk.bant(self.leads[n], need=status))

    @rule(some=st.lists(LEADS, min_size=1, unique=True), kind=st.sampled_from(["download", "visit", "form"]), days=st.integers(0, 60))
    def shows_interest(self, some: list[int], kind: str, days: int) -> None:
        self._do(signal(self.svc, kind, *[self.leads[n] for n in some], at=self.svc.clock() - timedelta(days=days)))

    @rule(days=st.integers(1, 50))
    def time_goes_by(self, days: int) -> None:
        self.svc.clock.advance(days=days)
        before = self._do(self._points())
        rises = self._do(self._fall())
        assert all(now <= then or rises for then, now in zip(before, self._do(self._points()), strict=True))

    @rule(visits=st.booleans(), attributes=st.lists(st.sampled_from([FITS, KEEN, NEED]), max_size=3, unique_by=lambda one: one["name"]))
    def is_scored_otherwise(self, visits: bool, attributes: list[dict[str, Any]]) -> None:
        behaviours = [DOWNLOADS, VISITS] if visits else [DOWNLOADS]
        # One that says what the active one says is refused.
        self._do(activate(self.desk, attributes=attributes, behaviours=behaviours, threshold=next(self.thresholds)))
        self._do(rescored(self.svc))

    async def _fall(self) -> bool:
        """Bring scores down; whether one can rise by that, because what took points away ages too."""
        while await jobs.fall(self.svc.db, self.svc.clock):
            pass
        async with self.svc.db.read() as db:
            return any(one.points < 0 for one in db.policy(POLICY).behaviours)

    async def _points(self) -> list[int]:
        return [(await self.desk.see(lead))["score"] for lead in self.leads]

    @invariant()
    def adds_up(self) -> None:
        self._do(self._hold())

    async def _hold(self) -> None:
        (found,) = [one async for one in recounted(self.svc.db, SCORES)]
        assert (found.offenders, (found.looked_at or 0) >= 2) == (0, True), found
        for lead in self.leads:
            explained = done(await self.desk.by("admin").get(f"/v1/leads/{lead['id']}/score"))
            seen = await self.desk.see(lead)
            assert explained["points"] == sum(line["points"] for line in explained["lines"]) == seen["score"] >= 0
            assert explained["next_at"] is None or explained["next_at"] > explained["scored_at"]
            if seen["state"] == "mql":
                self.mqls.add(lead["id"])
            assert (seen["state"] == "mql") is (lead["id"] in self.mqls), "nobody is demoted"
            assert seen["score"] < explained["threshold"] or seen["state"] == "mql" or explained["scored_at"] != self.svc.clock()


def test_a_stored_score_is_what_its_lines_add_up_to_whatever_happens(postgres: Postgres) -> None:
    with driven(service, postgres) as (svc, loop):
        desk = Desk(svc)
        loop.run_until_complete(desk.hire())
        loop.run_until_complete(activate(desk, **MODEL))
        hold(lambda: Scored(svc, loop, desk), examples=5, steps=12)


async def test_verify_counts_every_score_again_and_names_what_differs(desk: Desk, svc: Running) -> None:
    await activate(desk, **MODEL)
    leads = [await desk.lead(region=region) for region in ("EMEA", "APAC")]
    async with svc.db.connection() as conn:
        await conn.execute("UPDATE lead_score SET points = points + 1 WHERE points > 0")
    (found,) = [one async for one in recounted(svc.db, SCORES)]
    assert (found.offenders, found.examples, found.looked_at) == (1, (leads[0]["id"],), 2)
