"""The company at work: records of every kind, in many states, owned by many people, made through the API as people make them.

Everything that masked roles may not read is written with the word `hush` in it, so that it is found wherever it shows, and can be
changed everywhere at once.
"""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any
from uuid import uuid4

from clinch.run.postgres import Postgres
from tests.client import Client
from tests.flow.system import eventually, whole_system
from tests.isolation.people import PEOPLE, TEAMS

SELLERS = ("ann", "bob", "eve", "wes", "kim", "cas", "max", "two", "duo")
REVIEWERS = {"legal": "leg", "finance": "fin", "manager": "dir"}
CLAUSES = ["scope", "price_payment", "delivery_acceptance"]
LATER = "2026-06-01"


class World(Client):
    """`do` acts as one of `PEOPLE`, by key."""

    product = ""
    said = 0
    accounts: dict[str, str]
    contacts: dict[str, str]

    def _role_and_key(self, who: str) -> tuple[str, str]:
        return PEOPLE[who].token, who

    async def do(self, who: str, method: str, path: str, body: Any = None) -> Any:
        answer = await self.raw(who, method, path, body, etag="*", key=str(uuid4()))
        assert answer.is_success, f"{who} {method} {path}: {answer.status_code} {answer.text}"
        return answer.json() if answer.content else None

    async def post(self, who: str, path: str, /, **body: Any) -> Any:
        return await self.do(who, "POST", path, body)

    def hush(self) -> str:
        """Another word that only some may read."""
        self.said += 1
        return f"hush{self.said:03}"

    async def until(self, check: Callable[[], Awaitable[Any]]) -> Any:
        return await eventually(check)


@asynccontextmanager
async def world_at_work(postgres: Postgres) -> AsyncIterator[World]:
    async with whole_system(postgres) as system:
        world = World(system)
        await _people(world)
        await _parties(world)
        await _rules(world)
        await _leads(world)
        await _forms(world)
        await _deals(world)
        await _contracts(world)
        await _members(world)
        await _leaver(world)
        await settled(world)
        yield world


async def settled(world: World) -> None:
    """Wait until each service has heard all that was told, and the feed shows it."""
    system: Any = world.svc

    async def told() -> bool:
        pending, told = 0, 0
        for service in system.services.values():
            async with service.db.connection() as conn:
                pending += await conn.fetchval("SELECT count(*) FROM outbox")
                told += await conn.fetchval("SELECT count(*) FROM event")
        async with system["metrics-svc"].db.connection() as conn:
            fed = await conn.fetchval("SELECT count(*) FROM feed")
        return pending == 0 and fed == told

    await world.until(told)


async def _people(world: World) -> None:
    teams: dict[str | None, str | None] = {None: None}
    for key, above in TEAMS.items():
        made = await world.post("adm", "/v1/team/teams", name=key.title(), external_id=key, parent_id=teams[above])
        teams[key] = made["id"]
    for person in PEOPLE.values():
        if person.team is not None:
            given = {"name": person.key.title(), "role": person.roles[0], "team_id": teams[person.team], "external_id": person.key}
            await world.post("adm", "/v1/team/people", **given)
    made = await world.post("ops", "/v1/products", sku="SUITE", name="Suite", line="suite", tax_percent="13")
    world.product = made["id"]
    price = {"unit_price": {"amount": "1000", "currency": "CNY"}, "valid_from": "2020-01-01"}
    await world.do("ops", "PUT", f"/v1/products/{world.product}/prices", price)

    async def known() -> bool:
        system: Any = world.svc
        counts = []
        for service in system.services.values():
            async with service.db.connection() as conn:
                counts.append(await conn.fetchval("SELECT count(*) FROM roster"))
        return min(counts) == sum(person.team is not None for person in PEOPLE.values())

    await world.until(known)


async def _parties(world: World) -> None:
    """An account of each seller, and of nobody; one that somebody else has entered."""
    world.accounts, world.contacts = {}, {}
    for key in (*SELLERS, "gone", "guest", "nobody", "made"):
        owner = None if key == "nobody" else world.id("wes" if key == "made" else key)
        by = {"made": "mar", "guest": "guest"}.get(key, "adm")  # the roster knows no guest, so nobody else can name them
        account = await world.post(by, "/v1/accounts", name=f"Firm {key}", region="north", owner_id=owner, external_id=f"A-{key}")
        person = {"name": f"{world.hush().title()} {world.hush()}", "email": f"{world.hush()}@firm-{key}.example", "phone": world.hush()}
        contact = await world.post(by, "/v1/contacts", account_id=account["id"], **person)
        world.accounts[key], world.contacts[key] = account["id"], contact["id"]


async def lead(world: World, by: str, **given: Any) -> str:
    person = {"contact_name": f"{world.hush().title()} Lin", "email": f"{world.hush()}@mail.example", "phone": world.hush()}
    about = {"source": "trade_show", "company": f"Lead Co {world.said}", "title": "One view"}
    made = await world.post(by, "/v1/leads", **about | person | given)
    shown = {"kind": "visit", "visitor_id": f"browser-{world.said}", "campaign": "spring"}
    await world.post("mar", "/v1/signals", signal_id=f"web-{world.said}", lead_id=made["id"], **shown)
    return str(made["id"])


async def _worked(world: World, by: str, lead: str) -> None:
    """What a seller finds out: a contact, and what the customer said."""
    path = f"/v1/leads/{lead}"
    for dimension in ("need", "budget", "authority"):
        await world.do(by, "PUT", f"{path}/bant/{dimension}", {"status": "confirmed", "evidence": world.hush()})
    await world.post(by, f"{path}/intent", level="high")
    notes = {name: world.hush() for name in ("key_points", "feedback", "questions", "concerns", "goals")}
    await world.post(by, f"{path}/interactions", kind="call", outcome="reached", **notes)


async def _rules(world: World) -> None:
    """A rule for all leads that nobody owns, with somebody who can own none: so they wait in the queue."""
    path = "/v1/policies/assignment/versions"
    rule = {"name": "one view", "people": [{"person": "dir"}]}
    number = (await world.post("sao", path, document={"rules": [rule]}))["number"]
    for act in ("approve", "activate"):
        await world.post("dir", f"{path}/{number}/{act}")


async def _leads(world: World) -> None:
    for by in ("ann", "eve", "wes", "kim", "two", "duo", "max", "guest", "cas"):
        await lead(world, by)
    for by, region in (("mar", "north"), ("adm", "south"), ("shop", "west")):
        await lead(world, by, region=region)  # in the pool
    for by in ("pre", "asa", "sup"):  # who enters what others work on
        await lead(world, by)
    await lead(world, "dir", owner_id=world.id("bob"), account_id=world.accounts["nobody"], contact_id=world.contacts["nobody"])
    await lead(world, "mar", owner_id=world.id("eve"), account_id=world.accounts["wes"])
    put_aside = await lead(world, "bob")
    await world.post("bob", f"/v1/leads/{put_aside}/nurture", reason=world.hush(), note=world.hush(), wake_at="2027-01-04T09:00:00Z")
    given_up = await lead(world, "wes")
    await world.post("wes", f"/v1/leads/{given_up}/disqualify", reason="other", note=world.hush())
    handed = await lead(world, "mar", owner_id=world.id("ann"))
    await world.post("mar", f"/v1/leads/{handed}/mql", reason=world.hush())
    for by in ("ann", "kim"):
        taken = await lead(world, by, company=f"Taken {by}")
        await _worked(world, by, taken)
        await world.post(by, f"/v1/leads/{taken}/qualify")
        if by == "ann":
            await world.post(by, f"/v1/leads/{taken}/convert", amount={"amount": "70000", "currency": "CNY"})

            async def converted(path: str = f"/v1/leads/{taken}") -> bool:
                return bool((await world.do("adm", "GET", path))["state"] == "converted")

            await world.until(converted)


async def _forms(world: World) -> None:
    """A form that the person of ann's lead sends, and somebody unknown; a rule of automation tells another system of each."""
    path = "/v1/policies/automation/versions"
    rule = {"name": "thanks", "on": ["form_sent"], "do": [{"kind": "tell", "template": "thanks"}]}
    number = (await world.post("sao", path, document={"rules": [rule]}))["number"]
    for act in ("approve", "activate"):
        await world.post("dir", f"{path}/{number}/{act}")
    inputs = [{"name": "email", "label": "E-mail", "lead_field": "email", "required": True}, {"name": "message", "label": "Message"}]
    await world.post("mar", "/v1/forms", key="web", name="Web", fields=inputs)
    address = (await world.do("adm", "GET", f"/v1/leads/{await lead(world, 'ann', company='Sent by form')}"))["email"]
    for email in (address, f"{world.hush()}@mail.example"):
        await world.post("ann", "/v1/forms/web", email=email, message=world.hush())

    async def taken() -> bool:
        sent = (await world.do("adm", "GET", "/v1/forms/web/submissions"))["items"]
        return [one["state"] for one in sent] == ["taken"] * 2

    await world.until(taken)


async def deal(world: World, by: str, account: str, amount: int, opener: str = "") -> str:
    """A deal of this person; the director opens those at customers of others."""
    given = {"name": f"Deal of {by} at {account}", "amount": {"amount": str(amount), "currency": "CNY"}}
    if account != by or opener:
        given, by = {"owner_id": world.id(by)} | given, opener or "dir"
    opened = await world.post(by, "/v1/deals", account_id=world.accounts[account], **given)
    return str(opened["id"])


async def _discovered(world: World, by: str, deal: str, contact: str) -> None:
    path = f"/v1/deals/{deal}"
    for part in ("situation", "problem", "implication", "need_payoff"):
        await world.post(by, f"{path}/spin", part=part, text=world.hush())
    await world.post(by, f"{path}/needs-confirmation", needs=world.hush(), confirmed_by=world.contacts[contact])
    await world.post(by, f"{path}/contacts", contact_id=world.contacts[contact], committee_role="economic_buyer", decision_maker=True)
    await world.do(by, "PUT", f"{path}/next-step", {"what": world.hush(), "due_at": "2027-01-15T09:00:00Z"})
    point = {"pain": world.hush(), "capability": "One view", "value": world.hush()}
    drafted = await world.post(by, f"{path}/proposals", title="Our way", points=[point])
    await world.post(by, f"{path}/proposals/{drafted['number']}/present")


async def quote(world: World, by: str, deal: str, send: bool = True) -> str:
    lines = [{"product_id": world.product, "quantity": "30"}]
    made = await world.post(by, "/v1/quotes", deal_id=deal, lines=lines, note=world.hush())
    if send:
        await world.post(by, f"/v1/quotes/{made['id']}/send")
    return str(made["id"])


async def _deals(world: World) -> None:
    for n, by in enumerate(SELLERS):
        opened = await deal(world, by, by, 10_000 * (n + 1))
        if by in ("ann", "eve", "wes", "cas"):
            await _discovered(world, by, opened, by)
            await quote(world, by, opened, send=by != "eve")
    await deal(world, "eve", "eve", 110_000, opener="mia")
    await deal(world, "bob", "cas", 120_000)
    lost = await deal(world, "bob", "bob", 130_000)
    await world.post("bob", f"/v1/deals/{lost}/lose", reason="other", note=world.hush())
    for by, account in (("wes", "wes"), ("kim", "cas"), ("bob", "nobody")):
        won = await deal(world, by, account, 140_000)
        await world.post("dir", f"/v1/deals/{won}/win", evidence=world.hush())


async def contract(world: World, by: str, account: str) -> str:
    """A draft, of a quote that was accepted."""
    opened = await deal(world, by, account, 150_000)
    offered = await quote(world, by, opened)
    await world.post("dir", f"/v1/quotes/{offered}/accept", reason=world.hush())

    async def drafted() -> Any:
        return (await world.ask("adm", "GET", "/v1/contracts", deal_id=opened))["items"]

    return str((await world.until(drafted))[0]["id"])


async def _approved(world: World, by: str, contract: str, **changes: Any) -> None:
    path = f"/v1/contracts/{contract}"
    await world.do(by, "PATCH", path, {"core_clauses": CLAUSES, **changes})
    seal = (await world.post(by, f"{path}/submit"))["content_hash"]
    for part, reviewer in REVIEWERS.items():
        await world.post(reviewer, f"{path}/reviews", part=part, decision="approved", content_hash=seal)


async def _signed(world: World, by: str, contract: str, **changes: Any) -> Any:
    await _approved(world, by, contract, **changes)
    path = f"/v1/contracts/{contract}"
    await world.post(by, f"{path}/send-for-signature", signers=[{"name": f"{world.hush().title()} Wu"}])
    return await world.post(by, f"{path}/sign", signed_at="2026-03-02T09:00:00Z")


async def _contracts(world: World) -> None:
    """One in each state at least."""
    await contract(world, "ann", "ann")
    for by in ("bob", "cas"):
        submitted = await contract(world, by, by)
        await world.do(
            by, "PATCH", f"/v1/contracts/{submitted}", {"core_clauses": CLAUSES, "signers": [{"name": f"{world.hush().title()} Li"}]}
        )
        await world.post(by, f"/v1/contracts/{submitted}/submit")
    await _approved(world, "eve", await contract(world, "eve", "eve"))
    out = await contract(world, "wes", "cas")
    await _approved(world, "wes", out)
    await world.post("wes", f"/v1/contracts/{out}/send-for-signature", signers=[{"name": f"{world.hush().title()} Wu"}])
    await _signed(world, "kim", await contract(world, "kim", "kim"), starts_on=LATER)
    void = await contract(world, "ann", "nobody")
    await world.post("ann", f"/v1/contracts/{void}/void", reason=world.hush())
    ended = await contract(world, "two", "two")
    await _signed(world, "two", ended)
    await world.post("dir", f"/v1/contracts/{ended}/terminate", reason=world.hush())
    for by, paid in (("bob", True), ("wes", False)):
        done = await contract(world, by, by)
        known = await _signed(world, by, done)
        await world.post(by, f"/v1/contracts/{done}/go-live", live_on="2026-03-02")
        await world.post(by, f"/v1/contracts/{done}/accept")
        rest = {"contract_id": done, "amount": known["total"] if paid else {"amount": "100", "currency": "CNY"}}
        money = await world.post("fin", "/v1/payments", **rest, reference=f"B-{by}")
        if not paid:
            last = (await world.do("adm", "GET", f"/v1/contracts/{done}"))["milestones"][-1]["id"]
            await world.post("fin", f"/v1/contracts/{done}/milestones/{last}/waive", reason=world.hush())
            await world.post("fin", f"/v1/payments/{money['id']}/reverse", reason=world.hush())


async def member(world: World, record: str, who: str, method: str = "PUT") -> None:
    """Take somebody into the team of a record, named by its address, or out of it."""
    await world.do("adm", method, f"{record}/members/{world.id(who)}")


async def _members(world: World) -> None:
    """People of other teams than the owners'."""
    for account, who in (("nobody", "cam"), ("ann", "wes"), ("wes", "asa")):
        await member(world, f"/v1/accounts/{world.accounts[account]}", who)
    deals = (await world.ask("adm", "GET", "/v1/deals", limit=200))["items"]
    for deal, who in zip(deals, ("wes", "pre", "asa", "pro", "eve", "kim", "cas", "mia"), strict=False):
        await member(world, f"/v1/deals/{deal['id']}", who)


async def _leaver(world: World) -> None:
    """Somebody who had records left."""
    await lead(world, "gone")
    await deal(world, "gone", "gone", 160_000)
    await world.do("adm", "PATCH", f"/v1/team/people/{world.id('gone')}", {"active": False})
