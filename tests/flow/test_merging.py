"""Merging and undoing, over and over, in four services whose events come in any order: in the end everything is where it belongs."""

import asyncio
import random
from collections.abc import Awaitable, Sequence
from typing import Any
from uuid import UUID

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, rule

from clinch.run.postgres import Postgres
from contract_svc.merging.commands import NAMED as OF_CONTRACTS
from contract_svc.service import service as contract_svc
from deal_svc.merging.commands import NAMED
from deal_svc.service import service as deal_svc
from lead_svc.service import service as lead_svc
from metrics_svc.service import service as metrics_svc
from shared import verify
from shared.events.envelope import Envelope
from shared.parties.merges import sweep
from shared.process.service import Service
from tests.client import done
from tests.contract.office import Office
from tests.deal.sales import Sales
from tests.harness import Running
from tests.lead.desk import Desk
from tests.machines import driven_together, hold
from tests.metrics.told import hear, kpi

SOME = st.integers(0, 2)


class Merging(RuleBasedStateMachine):
    """Three leads and three accounts. What each has of its own is known from what was accepted, whatever was merged then."""

    def __init__(self, services: Sequence[Running], loop: asyncio.AbstractEventLoop) -> None:
        super().__init__()
        self.loop, (self.svc, self.deals, self.contracts, self.metrics) = loop, services
        self.desk, self.sales, self.office = Desk(self.svc), Sales(self.deals), Office(self.contracts)
        self.told: dict[UUID, list[Envelope[Any]]] = {}
        self.heard = 0
        self.n = 0
        self._do(self._begin())

    def _do(self, what: Awaitable[Any]) -> Any:
        return self.loop.run_until_complete(what)

    async def _begin(self) -> None:
        self.before = (await kpi(self.metrics, "leads_captured"))["value"] or 0
        self.leads = [await self.desk.lead("max", title=f"title {n}", job_title=f"job {n}", source="seo") for n in range(3)]
        self.accounts = [done(await self.desk.by("max").post("/v1/accounts", json={"name": f"Acme {n}"}), 201) for n in range(3)]
        self.title = {lead["id"]: lead["title"] for lead in self.leads}
        self.contacts: dict[str, str] = {}
        self.signals: dict[str, str] = {}
        self.opened: dict[str, str] = {}
        self.drafted: dict[str, str] = {}

    async def _act(self, kind: str, party: dict[str, Any], action: str, **body: Any) -> int:
        return (await self.desk.raw("admin", "POST", f"/v1/{kind}/{party['id']}/{action}", body or None, etag="*")).status_code

    # -- Steps -----------------------------------------------------------------------------------------------------------------

    @rule(one=SOME, other=SOME, take=st.booleans())
    def merge_leads(self, one: int, other: int, take: bool) -> None:
        body = {"absorbed_id": self.leads[other]["id"], "take": ["title"] if take else []}
        assert self._do(self._act("leads", self.leads[one], "merge", **body)) in (200, 409, 422)

    @rule(one=SOME)
    def unmerge_lead(self, one: int) -> None:
        assert self._do(self._act("leads", self.leads[one], "unmerge")) in (200, 409)

    @rule(one=SOME)
    def edit(self, one: int) -> None:
        self.n += 1
        lead = self.leads[one]
        answer = self._do(self.desk.raw("admin", "PATCH", f"/v1/leads/{lead['id']}", {"title": f"edit {self.n}"}, etag="*"))
        if answer.status_code == 200:
            self.title[lead["id"]] = f"edit {self.n}"

    @rule(one=SOME)
    def contact(self, one: int) -> None:
        answer = self._do(self.desk.meet(self.leads[one], "admin", outcome="reached"))
        if answer.status_code == 201:
            self.contacts[answer.json()["id"]] = self.leads[one]["id"]

    @rule(one=SOME)
    def signal(self, one: int) -> None:
        self.n += 1
        lead = self._do(self.desk.see(self.leads[one]))
        body = {"signal_id": f"{self.leads[0]['id']}-{self.n}", "kind": "visit", "campaign": "spring", "lead_id": lead["id"]}
        made = done(self._do(self.desk.by("marketing").post("/v1/signals", json=body)), 201)
        self.signals[made["id"]] = lead["merged_into"] or lead["id"]

    @rule(one=SOME, other=SOME)
    def merge_accounts(self, one: int, other: int) -> None:
        assert self._do(self._act("accounts", self.accounts[one], "merge", absorbed_id=self.accounts[other]["id"])) in (200, 409, 422)

    @rule(one=SOME)
    def unmerge_account(self, one: int) -> None:
        assert self._do(self._act("accounts", self.accounts[one], "unmerge")) in (200, 409)

    @rule(one=SOME)
    def open_deal(self, one: int) -> None:
        """Also for an account that was merged: somebody has the old id open still."""
        body = {"name": "A deal", "account_id": self.accounts[one]["id"], "amount": {"amount": "1", "currency": "CNY"}}
        answer = self._do(self.sales.raw("admin", "POST", "/v1/deals", body))
        if answer.status_code == 201:  # deal-svc has heard of the account
            self.opened[answer.json()["id"]] = self.accounts[one]["id"]

    @rule(one=SOME)
    def draft(self, one: int) -> None:
        """A quote is accepted that has named the account before it was merged, or since."""
        contract = self._do(self.office.draft(account_id=UUID(self.accounts[one]["id"])))
        self.drafted[contract["id"]] = self.accounts[one]["id"]

    @rule(seed=st.integers(0, 9), some=st.integers(1, 9))
    def deliver(self, seed: int, some: int) -> None:
        self._do(self._deliver(random.Random(seed), some))

    async def _deliver(self, chance: random.Random, most: int | None = None) -> None:
        """Hand some of what lead-svc has told to the others: records in any order, the events of each in their own."""
        told = await self.svc.told()
        for event in told[self.heard :]:
            self.told.setdefault(event.subject, []).append(event)
        self.heard = len(told)
        while self.told and most != 0:
            most = None if most is None else most - 1
            subject = chance.choice(sorted(self.told))
            event = self.told[subject].pop(0)
            if not self.told[subject]:
                del self.told[subject]
            for svc in (self.deals, self.contracts):
                await svc.hear(event.data, event.subject, event.version, event.time)
            await hear(self.metrics, [event])

    # -- What holds ------------------------------------------------------------------------------------------------------------

    async def _sound(self, svc: Running, of: Service) -> None:
        async with svc.db.connection() as conn:
            checks = [*verify.atomicity(of.metadata), *verify.orphans(of.metadata), *of.checks]
            assert [found.says async for found in verify.run(conn, checks) if found.offenders] == []

    def teardown(self) -> None:
        self._do(self._end())

    async def _end(self) -> None:
        await self._deliver(random.Random(1))
        await self._swept()
        await self._together()
        for kind, parties in (("leads", self.leads), ("accounts", self.accounts)):
            for _ in parties:
                for party in parties:
                    await self._act(kind, party, "unmerge")
        await self._deliver(random.Random(2))
        await self._swept()
        await self._apart()
        for svc, of in ((self.svc, lead_svc), (self.deals, deal_svc), (self.contracts, contract_svc)):
            await self._sound(svc, of)

    async def _swept(self) -> None:
        for svc, name, named in ((self.deals, "deal-svc", NAMED), (self.contracts, "contract-svc", OF_CONTRACTS)):
            while await sweep(svc.db, name, named, svc.clock):
                pass

    async def _together(self) -> None:
        """Everything hangs on what is left, and figures count that."""
        left = [lead for lead in [await self.desk.see(lead) for lead in self.leads] if lead["state"] != "merged"]
        assert sum([len(await self._of(lead, "interactions")) for lead in left]) == len(self.contacts)
        assert sum([len(await self._of(lead, "signals")) for lead in left]) == len(self.signals)
        assert (await kpi(self.metrics, "leads_captured"))["value"] == self.before + len(left)
        for deal, account in self.opened.items():
            now = await self.desk.ask("admin", "GET", f"/v1/accounts/{account}")
            assert (await self.sales.read({"id": deal}))["account_id"] == (now["merged_into"] or account)
        for contract, account in self.drafted.items():
            now = await self.desk.ask("admin", "GET", f"/v1/accounts/{account}")
            assert (await self.office.read({"id": contract}))["account_id"] == (now["merged_into"] or account)

    async def _apart(self) -> None:
        """Each has what is its own."""
        for lead in self.leads:
            seen = await self.desk.see(lead)
            assert (seen["state"], seen["title"]) == ("captured", self.title[lead["id"]])
            assert {one["id"] for one in await self._of(lead, "interactions")} == {i for i, of in self.contacts.items() if of == lead["id"]}
            assert {one["id"] for one in await self._of(lead, "signals")} == {i for i, of in self.signals.items() if of == lead["id"]}
        assert (await kpi(self.metrics, "leads_captured"))["value"] == self.before + len(self.leads)
        for deal, account in self.opened.items():
            assert (await self.sales.read({"id": deal}))["account_id"] == account
        for contract, account in self.drafted.items():
            assert (await self.office.read({"id": contract}))["account_id"] == account

    async def _of(self, lead: dict[str, Any], what: str) -> list[dict[str, Any]]:
        return list((await self.desk.ask("admin", "GET", f"/v1/leads/{lead['id']}/{what}", limit=200))["items"])


def test_merging_and_undoing_it_loses_nothing_whatever_happens_between(postgres: Postgres) -> None:
    with driven_together([lead_svc, deal_svc, contract_svc, metrics_svc], postgres) as (services, loop):
        loop.run_until_complete(Desk(services[0]).hire())
        hold(lambda: Merging(services, loop), examples=5, steps=12)
