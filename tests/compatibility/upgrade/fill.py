"""Does by the public API what the demo year leaves out, so that a dump holds nearly every type of event: `python fill.py http://127.0.0.1:8000`."""

import itertools
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx

DEALS = "external_id,lead_external_id,opened_at,closed_at,outcome,amount,owner,account\n"
FIRST = DEALS + "UP-1,UL-1,2026-01-20,2026-03-01,won,8000,dev-rep,Ahorn Works\nUP-2,UL-9,2026-01-20,2025-03-01,won,90,dev-rep,Ahorn Works\n"
CORRECTED = DEALS + "UP-1,UL-1,2026-02-20,2026-03-05,won,8100,dev-rep,Ahorn Works\n"
LEADS = "external_id,captured_at,source,company,owner\nUL-1,2026-03-20,trade_show,Ahorn Works,dev-rep\nUL-2,never,seo,Birke,dev-rep\n"
EARLIER = LEADS.replace("2026-03-20", "2026-01-02")


_TIMES = {"leads": "captured_at", "sign": "signed_at"}
"""The times of what happened that are not called `at`, by the end of the path."""


class Api:
    """Who does something is named by the key of a sample person."""

    def __init__(self, url: str) -> None:
        self._http = httpx.Client(base_url=url, timeout=30)
        self._tokens: dict[str, str] = {}
        self.at: str | None = None
        """When what follows happened; now by default."""
        self._keys = (f"fill-{time.time_ns()}-{n}" for n in itertools.count())

    def __call__(self, by: str, method: str, path: str, body: Any = None, **more: Any) -> Any:
        if by not in self._tokens:
            self._tokens[by] = self._http.post("/dev-issuer/token", json={"role": None, "sub": f"dev-{by}"}).json()["access_token"]
        headers = {"Authorization": f"Bearer {self._tokens[by]}", "If-Match": "*", "Idempotency-Key": next(self._keys)}
        if self.at and method in ("POST", "PUT"):
            body = {_TIMES.get(path.rpartition("/")[2], "at"): self.at, **(body or {})}
        given = more if "content" in more else {"json": body if body is not None or method == "GET" else {}}
        answer = self._http.request(method, path, headers=headers | more.pop("headers", {}), params=more.pop("params", None), **given)
        assert answer.is_success, (method, path, answer.text)
        return answer.json() if answer.content else None

    def until(self, path: str, true: Callable[[Any], Any]) -> Any:
        for _ in range(300):
            if true(found := self("admin", "GET", path)):
                return found
            time.sleep(0.1)
        raise AssertionError((path, found))

    def imported(self, what: str, content: str, **options: str) -> None:
        job = self("admin", "POST", f"/v1/imports/{what}", content=content.encode(), headers={"Content-Type": "text/csv"}, params=options)
        self.until(f"/v1/imports/{what}/{job['id']}", lambda known: known["finished_at"])


def main(url: str) -> None:
    api = Api(url)
    _far_back(api)
    _people(api)
    _quotes(api, *_leads(api))
    _contracts(api)
    api.imported("deals", FIRST)
    api.imported("leads", LEADS)
    api.imported("leads", EARLIER)
    api.imported("deals", CORRECTED, correct="true")
    _webhooks(api)


def _far_back(api: Api) -> None:
    """Everybody may say what happened months ago."""
    path = "/v1/policies/company/versions"
    number = api("sales_ops", "POST", path, {"document": {"backdate_days": 365}, "note": "for the dump"})["number"]
    api("director", "POST", f"{path}/{number}/approve")
    api("sales_ops", "POST", f"{path}/{number}/activate")


def _people(api: Api) -> None:
    team = api("admin", "POST", "/v1/team/teams", {"name": "Sales West", "external_id": "sales-west"})
    api("admin", "PATCH", f"/v1/team/teams/{team['id']}", {"name": "Sales Far West"})
    person = api("admin", "POST", "/v1/team/people", {"name": "Ines Kato", "role": "rep", "team_id": team["id"], "external_id": "up-rep"})
    api("admin", "PATCH", f"/v1/team/people/{person['id']}", {"active": False})


def _lead(api: Api, company: str, **more: str) -> Any:
    given = {"source": "trade_show", "company": company, "region": "north", "contact_name": "Lin Tao", "email": "lin.tao@example.com"}
    return api("rep", "POST", "/v1/leads", given | {"title": "One view of all orders"} | more)


def _qualified(api: Api, company: str) -> str:
    """A lead that somebody worked on."""
    lead = str(_lead(api, company)["id"])
    for dimension in ("need", "budget", "authority"):
        api("rep", "PUT", f"/v1/leads/{lead}/bant/{dimension}", {"status": "confirmed", "evidence": "said so at the stand"})
    api("rep", "POST", f"/v1/leads/{lead}/intent", {"level": "high"})
    api("rep", "POST", f"/v1/leads/{lead}/interactions", {"kind": "meeting", "outcome": "reached", "key_points": "wants it by summer"})
    api("rep", "POST", f"/v1/leads/{lead}/qualify")
    return lead


def _converted(api: Api, company: str) -> tuple[str, str]:
    """The deal and the contact of a lead."""
    lead = _qualified(api, company)
    money = {"amount": "100000", "currency": "CNY"}
    deal = api("rep", "POST", f"/v1/leads/{lead}/convert", {"amount": money, "join_account": True})["deal_id"]
    known = api.until(f"/v1/leads/{lead}", lambda known: known["state"] == "converted")
    api("rep", "PATCH", f"/v1/accounts/{known['account_id']}", {"industry": "retail"})
    api("rep", "PATCH", f"/v1/contacts/{known['contact_id']}", {"job_title": "Head of purchasing"})
    return deal, known["contact_id"]


def _leads(api: Api) -> tuple[str, str]:
    """Of every state; the deal that one of them became, and its contact."""
    _lead(api, "Captured Co")
    changed = _lead(api, "Changed Co")["id"]
    api("rep", "PATCH", f"/v1/leads/{changed}", {"industry": "retail", "product": "suite"})
    api("rep", "POST", f"/v1/leads/{changed}/nurture", {"reason": "next year", "wake_at": "2035-01-15T09:00:00Z"})
    api("rep", "POST", f"/v1/leads/{changed}/reactivate", {"reason": "they called"})
    deal, contact = _converted(api, "Joined Co")
    for company, to in (("Joined Co", deal), ("Lost Co", _lost(api))):  # one that has ended refuses
        lead = _qualified(api, company)
        api("rep", "POST", f"/v1/leads/{lead}/convert", {"deal_id": to, "join_account": True})
        api.until(f"/v1/leads/{lead}", lambda known: known["state"] in ("converted", "sql"))
    return deal, contact


def _lost(api: Api) -> str:
    deal, _ = _converted(api, "Lost Co")
    api("rep", "POST", f"/v1/deals/{deal}/lose", {"reason": "price"})
    return deal


def _proposed(api: Api, deal: str, contact: str) -> None:
    for part in ("situation", "problem", "implication", "need_payoff"):
        api("rep", "POST", f"/v1/deals/{deal}/spin", {"part": part, "text": "what Lin Tao said"})
    api("rep", "POST", f"/v1/deals/{deal}/needs-confirmation", {"needs": "one view of all orders", "confirmed_by": contact})
    role = {"contact_id": contact, "committee_role": "economic_buyer", "decision_maker": True}
    api("rep", "POST", f"/v1/deals/{deal}/contacts", role)
    api("rep", "PUT", f"/v1/deals/{deal}/next-step", {"what": "present the solution", "due_at": "2035-01-15T09:00:00Z"})
    api("rep", "POST", f"/v1/deals/{deal}/transitions", {"to": "proposal"})
    api("rep", "POST", f"/v1/deals/{deal}/proposals", {"title": "One view in twelve weeks"})
    api("rep", "POST", f"/v1/deals/{deal}/proposals/1/present")


def _quote(api: Api, deal: str, **more: str) -> str:
    product = api("rep", "GET", "/v1/products")["items"][0]["id"]
    lines = [{"product_id": product, "quantity": "3", "discount_percent": "5"}]
    return str(api("rep", "POST", "/v1/quotes", {"deal_id": deal, "lines": lines, **more})["id"])


def _quotes(api: Api, deal: str, contact: str) -> None:
    """Changed, revised, rejected and expired."""
    _proposed(api, deal, contact)
    quote = _quote(api, deal)
    api("rep", "PATCH", f"/v1/quotes/{quote}", {"note": "without delivery"})
    api("rep", "POST", f"/v1/quotes/{quote}/send")
    revised = api("rep", "POST", f"/v1/quotes/{quote}/revise")["id"]
    api("rep", "POST", f"/v1/quotes/{revised}/send")
    api("rep", "POST", f"/v1/quotes/{revised}/reject", {"reason": "too dear for this year"})
    api.at = f"{_day(-60)}T09:00:00Z"
    deal, contact = _converted(api, "Expired Co")
    _proposed(api, deal, contact)
    quote = _quote(api, deal, valid_until=_day(-30))
    api("rep", "POST", f"/v1/quotes/{quote}/send")
    api.at = None
    api.until(f"/v1/quotes/{quote}", lambda known: known["status"] == "expired")


def _drafted(api: Api, company: str) -> str:
    deal, contact = _converted(api, company)
    _proposed(api, deal, contact)
    quote = _quote(api, deal)
    api("rep", "POST", f"/v1/quotes/{quote}/send")
    api("rep", "POST", f"/v1/deals/{deal}/transitions", {"to": "negotiation"})
    api("rep", "POST", f"/v1/quotes/{quote}/accept")
    api("rep", "POST", f"/v1/deals/{deal}/transitions", {"to": "closing"})
    return str(api.until(f"/v1/contracts?deal_id={deal}", lambda page: page["items"])["items"][0]["id"])


def _approved(api: Api, contract: str) -> None:
    seal = api("rep", "POST", f"/v1/contracts/{contract}/submit")["content_hash"]
    for part in ("legal", "finance", "manager"):
        api(part, "POST", f"/v1/contracts/{contract}/reviews", {"part": part, "decision": "approved", "content_hash": seal})


def _signed(api: Api, company: str, **more: Any) -> tuple[str, Any]:
    contract = _drafted(api, company)
    _approved(api, contract)
    api("assistant", "POST", f"/v1/contracts/{contract}/send-for-signature", {"signers": [{"name": "Lin Tao"}]})
    return contract, api("assistant", "POST", f"/v1/contracts/{contract}/sign", more)


def _pay(api: Api, contract: str, amount: str) -> str:
    money = {"amount": amount, "currency": "CNY"}
    return str(api("finance", "POST", "/v1/payments", {"contract_id": contract, "amount": money, "channel": "bank_transfer"})["id"])


def _day(days: int) -> str:
    return (datetime.now(UTC) + timedelta(days=days)).date().isoformat()


def _contracts(api: Api) -> None:
    """One in every state."""
    _drafted(api, "Draft Co")
    refused = _drafted(api, "Refused Co")
    seal = api("rep", "POST", f"/v1/contracts/{refused}/submit")["content_hash"]
    no = {"part": "legal", "decision": "rejected", "content_hash": seal, "reason": "liability"}
    api("legal", "POST", f"/v1/contracts/{refused}/reviews", no)
    _approved(api, refused)
    api("assistant", "POST", f"/v1/contracts/{refused}/send-for-signature", {"signers": [{"name": "Lin Tao"}]})
    api("rep", "POST", f"/v1/contracts/{refused}/decline", {"reason": "a clause"})
    api("rep", "POST", f"/v1/contracts/{refused}/submit")
    api("rep", "POST", f"/v1/contracts/{_drafted(api, 'Submitted Co')}/submit")
    _approved(api, _drafted(api, "Approved Co"))
    out = _drafted(api, "Out Co")
    _approved(api, out)
    api("assistant", "POST", f"/v1/contracts/{out}/send-for-signature", {"signers": [{"name": "Lin Tao"}]})
    _signed(api, "Later Co", starts_on=_day(90))
    void, _ = _signed(api, "Void Co", starts_on=_day(90))
    deal = api("rep", "GET", f"/v1/contracts/{void}")["deal_id"]
    api.until(f"/v1/deals/{deal}", lambda known: known["stage"] == "won")
    api("director", "POST", f"/v1/contracts/{void}/void", {"reason": "the customer's parent company stopped the project"})
    api.until(f"/v1/deals/{deal}", lambda known: known["stage"] == "closing")
    api.at = f"{_day(-60)}T09:00:00Z"
    ended, _ = _signed(api, "Terminated Co")
    api.at = None
    api("manager", "POST", f"/v1/contracts/{ended}/go-live", {"live_on": _day(-40)})
    api.until(f"/v1/contracts/{ended}", lambda known: known["acceptance_overdue"])
    api("manager", "POST", f"/v1/contracts/{ended}/terminate", {"reason": "not accepted"})
    _paid(api)


def _paid(api: Api) -> None:
    """Paid in parts, too much, and taken back."""
    contract, known = _signed(api, "Paid Co")
    last = known["milestones"][-1]["id"]
    _pay(api, contract, "100")
    api("manager", "POST", f"/v1/contracts/{contract}/go-live", {})
    api("finance", "POST", f"/v1/contracts/{contract}/milestones/{last}/waive", {"reason": "goodwill"})
    rest = _pay(api, contract, known["total"]["amount"])  # more than is asked for: a credit
    api("manager", "POST", f"/v1/contracts/{contract}/accept")
    api("finance", "POST", f"/v1/payments/{rest}/reverse", {"reason": "the bank took it back"})
    credit, known = _signed(api, "Credit Co")
    _pay(api, credit, known["total"]["amount"])
    api("manager", "POST", f"/v1/contracts/{credit}/go-live", {})


def _webhooks(api: Api) -> None:
    def registered(types: str) -> str:
        given = {"url": "http://127.0.0.1:1024/hook", "types": [types], "description": "a receiver that is away"}
        path = f"/v1/webhooks/{api('admin', 'POST', '/v1/webhooks', given)['id']}"
        api("admin", "PATCH", path, {"description": "still away"})
        return path

    kept = registered("clinch.lead.*")
    api("admin", "PATCH", kept, {"enabled": False})
    api("admin", "PATCH", kept, {"enabled": True})
    api("admin", "POST", f"{kept}/rotate-secret", {"keep_old": True})
    api("admin", "POST", f"{kept}/ping")
    _lead(api, "Told Co")
    api.until(f"{kept}/deliveries", lambda page: page["items"])
    gone = registered("clinch.deal.*")
    api("admin", "DELETE", gone)


if __name__ == "__main__":
    main(sys.argv[1])
