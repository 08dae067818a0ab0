"""A small company at work: who is in which team, and a lead brought to where a test begins, all through the API."""

from dataclasses import dataclass
from typing import Any, ClassVar

import httpx

from shared.auth import SYSTEM
from shared.db.context import Context
from shared.policy.document import Policy
from shared.policy.store import begin
from tests.client import Client, done

PEOPLE = {
    "ann": ("rep", "north"),
    "bob": ("rep", "north"),
    "max": ("manager", "north"),
    "sue": ("rep", "south"),
    "eva": ("director", "sales"),
}
"""Name, role and team; north and south are below sales."""
WHO = {"company": "Acme Ltd", "contact_name": "Anna Berg", "email": "anna@acme.example", "phone": "+49 30 1234567", "title": "CRM for Acme"}


@dataclass
class Desk(Client):
    people: ClassVar[dict[str, str]] = {name: role for name, (role, _) in PEOPLE.items()}

    async def hire(self) -> None:
        admin = self.by("admin")
        teams = {}
        for name, parent in (("sales", None), ("north", "sales"), ("south", "sales")):
            body = {"name": name, "external_id": name, "parent_id": teams.get(parent)}
            teams[name] = done(await admin.post("/v1/team/teams", json=body), 201)["id"]
        for name, (role, team) in PEOPLE.items():
            body = {"name": name.title(), "role": role, "team_id": teams[team], "external_id": name}
            done(await admin.post("/v1/team/people", json=body), 201)
        await self.svc.fire_due()  # leads that they own already would get their teams

    async def lead(self, by: str = "ann", **given: Any) -> dict[str, Any]:
        """A captured lead; ann's unless somebody else enters it."""
        return done(await self.by(by).post("/v1/leads", json={"source": "trade_show", **given}), 201)

    async def see(self, lead: dict[str, Any], by: str = "admin") -> dict[str, Any]:
        return done(await self.by(by).get(f"/v1/leads/{lead['id']}"), 200)

    async def attempt(self, lead: dict[str, Any], action: str, by: str = "ann", *, method: str = "POST", **body: Any) -> httpx.Response:
        """Act on the lead as it is now."""
        version = (await self.see(lead))["version"]
        headers = {"If-Match": f'"{version}"'}
        return await self.by(by).request(method, f"/v1/leads/{lead['id']}/{action}".rstrip("/"), json=body, headers=headers)

    async def act(self, lead: dict[str, Any], action: str, by: str = "ann", **body: Any) -> dict[str, Any]:
        return done(await self.attempt(lead, action, by, **body), 200)

    async def bant(self, lead: dict[str, Any], by: str = "ann", **found: Any) -> dict[str, Any]:
        """`bant(lead, need="confirmed", timeline=("confirmed", 2))`: status, or status and months."""
        for dimension, said in found.items():
            status, months = said if isinstance(said, tuple) else (said, None)
            lead = await self.act(lead, f"bant/{dimension}", by, method="PUT", status=status, months=months, evidence=f"said {dimension}")
        return lead

    async def meet(self, lead: dict[str, Any], by: str = "ann", **given: Any) -> httpx.Response:
        body = {"kind": "call", "outcome": "reached", **given}
        return await self.by(by).post(f"/v1/leads/{lead['id']}/interactions", json=body)

    async def qualifiable(self, **given: Any) -> dict[str, Any]:
        """Ann's lead with all that qualifying needs."""
        lead = await self.lead(**{**WHO, **given})
        await self.act(lead, "intent", level="high")
        await self.meet(lead)
        return await self.bant(lead, need="confirmed", budget="confirmed", authority="confirmed")

    async def policy(self, of: Policy[Any], running: str = "keep", **changed: Any) -> None:
        """Another version of a document of the policy, by the API."""
        await begin(self.svc.db, [of], Context("lead-svc", SYSTEM, self.svc.clock(), "test"))
        self.svc.db.policies.forget()
        path = f"/v1/policies/{of.name}"
        known = done(await self.by("admin").get(path))["document"]
        body = {"document": known | changed, "running": running}
        draft = done(await self.by("sales_ops:ola").post(f"{path}/versions", json=body), 201)
        for act in ("approve", "activate"):
            done(await self.raw("director:dan", "POST", f"{path}/versions/{draft['number']}/{act}", {}, etag="*"))

    async def sql(self, **given: Any) -> dict[str, Any]:
        return await self.act(await self.qualifiable(**given), "qualify")
