"""Something to ask for in each service: rows in several states, and their ids by the names that the paths give them."""

from datetime import date
from typing import Any

from shared.events.lead import PersonAdded
from shared.ids import external_id
from shared.testing import Running
from tests.contract.office import Office
from tests.deal.sales import ACME, Sales
from tests.lead.desk import WHO, Desk, done
from tests.metrics.told import Contract, Deal, Lead, Story, events_of, hear, on

Values = dict[str, list[str]]
CSV = "external_id,company\nL-1,Acme\nL-2,\n"


async def leads(svc: Running) -> Values:
    desk = Desk(svc)
    await desk.hire()
    made = [await desk.lead(**WHO), await desk.lead(company="Red Lantern", email="lin@example.com"), await desk.qualifiable()]
    made += [await desk.sql(company="Blue River"), await desk.sql(company="Green Hill")]
    await desk.act(made[1], "nurture", reason="no budget now", wake_at="2026-06-01T00:00:00Z")
    await desk.act(made[3], "convert", amount={"amount": "1000", "currency": "CNY"})
    admin = desk.by("admin")
    job = done(await admin.post("/v1/imports/leads", params={"map": ["external_id=external_id", "company=company"]}, content=CSV), 202)
    lists = ("team/teams", "team/people", "accounts", "contacts")
    teams, people, accounts, contacts = [done(await admin.get(f"/v1/{name}"), 200)["items"] for name in lists]
    return {
        "lead_id": ids(made),
        "account_id": ids(accounts),
        "contact_id": ids(contacts),
        "team_id": ids(teams),
        "person_id": ids(people),
        "owner_id": ids(people),
        "import_id": [job["id"]],
    }


async def deals(svc: Running) -> Values:
    sales = await Sales.start(svc)
    closing, accepted = await sales.closing()
    fresh, asked = await sales.deal(), await sales.deal()
    await sales.ready_for_proposal(asked)
    lost = await sales.deal()
    await sales.ask("rep:ann", "POST", f"/v1/deals/{lost['id']}/lose", {"reason": "no_budget"}, etag="*")
    draft, sent = await sales.quote(asked), await sales.quote(fresh)
    await sales.act(sent, "send")
    async with svc.client() as admin:
        mapped = {"map": ["external_id=external_id", "account=company"], "set": ["outcome=open"]}
        answer = await admin.post("/v1/imports/deals", params=mapped, content=CSV)
    assert answer.status_code == 202, answer.text
    return {
        "deal_id": ids([fresh, asked, closing, lost]),
        "quote_id": ids([draft, sent, accepted]),
        "product_id": list(sales.products.values()),
        "account_id": [str(ACME)],
        "owner_id": [str(svc.person("rep", "ann")), str(svc.person("rep", "bob"))],
        "number": ["1"],
        "import_id": [answer.json()["id"]],
    }


async def contracts(svc: Running) -> Values:
    office = await Office.start(svc)
    made = [await office.draft(), await office.approved(), await office.sent(), await office.signed(), await office.delivered()]
    paid = [await office.pay(made[-1], "20000"), await office.pay(made[-2], "500")]
    milestones = (await office.read(made[-1]))["milestones"]
    return {
        "contract_id": ids(made),
        "milestone_id": ids(milestones),
        "payment_id": ids(paid),
        "content_hash": [made[1]["content_hash"]],
    }


async def figures(svc: Running) -> Values:
    team = external_id("team", "north")
    await svc.hear(PersonAdded(role="rep", team_id=team, team_path=[team]), svc.person("rep", "ann"))
    who: dict[str, Any] = {"owner_id": svc.person("rep", "ann"), "team_id": team, "source": "referral"}
    stories: list[Story] = []
    for n in range(12):
        lead = Lead(f"L{n}").captured(on(n), **who).mql(on(n + 1)).sql(on(n + 2))
        deal = Deal(f"D{n}", lead, **who).opened(on(n + 3), 1000 * n).moved(on(n + 4), "proposal")
        stories += [lead, deal.won(on(n + 30)) if n % 3 else deal.lost(on(n + 20))]
    stories.append(Contract("C1", deal, 11000).paid(on(50)))
    await hear(svc, events_of(stories))
    async with svc.client() as admin:
        kpis = (await admin.get("/v1/metrics/kpis")).json()
    return {
        "name": [k["name"] for k in kpis],
        "from": [date(2025, 1, 1).isoformat()],
        "to": [date(2025, 6, 1).isoformat()],
        "owner": [str(svc.person("rep", "ann"))],
        "source": ["referral"],
    }


def ids(rows: list[dict[str, Any]]) -> list[str]:
    return [str(row["id"]) for row in rows]
