"""What the tests need, made by the people whose they are: what a small demo leaves open differs from hour to hour."""

import time
from typing import Any

import httpx

from clinch.client.token import fetch

PATIENCE = 30.0
"""Seconds until deal-svc has heard of an account."""


class Seller:
    """One of the sample people, who calls the API and must be understood."""

    def __init__(self, origin: str, person: str) -> None:
        token, _ = fetch(origin, None, person)
        self.client = httpx.Client(base_url=origin, headers={"Authorization": f"Bearer {token}", "If-Match": "*"}, timeout=30)

    def ask(self, method: str, path: str, **body: Any) -> dict[str, Any]:
        answer = self.client.request(method, path, json=body)
        assert answer.is_success, f"{method} {path}: {answer.status_code} {answer.text}"
        return dict(answer.json())

    def open_deal(self, company: str) -> tuple[dict[str, Any], str]:
        """In discovery, with no gate passed; and a contact at its account."""
        account = self.ask("POST", "/v1/accounts", name=company)["id"]
        contact = self.ask("POST", "/v1/contacts", account_id=account, name="Lin Tao")["id"]
        opening = {"name": f"{company}: CRM", "account_id": account, "amount": {"amount": "120000", "currency": "CNY"}}
        until = time.monotonic() + PATIENCE
        while (answer := self.client.post("/v1/deals", json=opening)).status_code != 201 and time.monotonic() < until:
            time.sleep(0.2)
        assert answer.status_code == 201, answer.text
        return answer.json(), contact

    def propose(self, deal: dict[str, Any], contact: str) -> None:
        """Through the gates of discovery, with the solution presented and a quote sent: nothing is missing for negotiation."""
        path = f"/v1/deals/{deal['id']}"
        for part in ("situation", "problem", "implication", "need_payoff"):
            self.ask("POST", f"{path}/spin", part=part, text="what they said")
        self.ask("POST", f"{path}/needs-confirmation", needs="one view of all orders", confirmed_by=contact)
        self.ask("POST", f"{path}/contacts", contact_id=contact, committee_role="economic_buyer", decision_maker=True)
        self.ask("PUT", f"{path}/next-step", what="present the solution", due_at="2035-01-15T09:00:00Z")
        self.ask("POST", f"{path}/transitions", to="proposal")
        number = self.ask("POST", f"{path}/proposals", title="One view in twelve weeks")["number"]
        self.ask("POST", f"{path}/proposals/{number}/present")
        product = self.ask("GET", "/v1/products")["items"][0]["id"]
        quote = self.ask("POST", "/v1/quotes", deal_id=deal["id"], lines=[{"product_id": product, "quantity": "3"}])["id"]
        self.ask("POST", f"/v1/quotes/{quote}/send")

    def qualify_lead(self, company: str) -> None:
        lead = self.ask("POST", "/v1/leads", source="trade_show", company=company, owner_id=self.client.get("/v1/me").json()["id"])
        path = f"/v1/leads/{lead['id']}"
        for dimension in ("need", "budget", "authority"):
            self.ask("PUT", f"{path}/bant/{dimension}", status="confirmed", evidence="said so at the stand")
        self.ask("POST", f"{path}/intent", level="high")
        self.ask("POST", f"{path}/interactions", kind="meeting", outcome="reached", key_points="wants it by summer")
        self.ask("POST", f"{path}/qualify")


def records(origin: str) -> None:
    """Of dev-rep a qualified lead, two deals in discovery and one that may go on to negotiation; a deal of dev-rep-3."""
    rep, other = Seller(origin, "dev-rep"), Seller(origin, "dev-rep-3")
    rep.qualify_lead("Autumn Equinox Tools")
    for company in ("Plum Rain Trading", "Cold Dew Logistics"):
        rep.open_deal(company)
    rep.propose(*rep.open_deal("Grain Full Foods"))
    other.open_deal("White Dew Optics")
