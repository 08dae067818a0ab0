"""Every GET route of the services, found from their OpenAPI documents, by what decides who sees its answers.

A route that falls into no class fails the test: whoever adds a list or a read says here whose it is.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

LISTS = {
    "/v1/leads": "lead",
    "/v1/signals": "lead",
    "/v1/leads/tasks": "lead",
    "/v1/leads/pool": "lead",
    "/v1/assignment/queue": "lead",
    "/v1/accounts": "account",
    "/v1/contacts": "account",
    "/v1/deals": "deal",
    "/v1/quotes": "deal",
    "/v1/contracts": "contract",
    "/v1/contracts/approvals": "contract",
    "/v1/payments": "contract",
    "/v1/tasks": "work",
    "/v1/approvals": "work",
}
"""Lists of records, with the kind that decides. What begins with the address of one record is seen by whoever sees that record."""

WHOLES = {
    "/v1/signals": "lead_id",
    "/v1/leads/tasks": "lead_id",
    "/v1/leads/pool": "id",
    "/v1/assignment/queue": "lead_id",
    "/v1/contacts": "account_id",
    "/v1/quotes": "deal_id",
    "/v1/payments": "contract_id",
    "/v1/contracts/approvals": "contract_id",
    "/v1/tasks": "subject_id",
    "/v1/approvals": "subject_id",
}
"""Lists of parts: the field that names the record they belong to."""

FOR_ALL = {
    "/v1/me",
    "/v1/labels",
    "/v1/team/teams",
    "/v1/team/teams/{team_id}",
    "/v1/team/people",
    "/v1/team/people/me",
    "/v1/team/people/{person_id}",
    "/v1/team/people/{person_id}/absences",
    "/v1/team/people/{person_id}/absences/{absence_id}",
    "/v1/products",
    "/v1/products/{product_id}",
    "/v1/price-lists",
    "/v1/price-lists/{price_list_id}",
    "/v1/quote-templates",
    "/v1/quote-templates/sample",
    "/v1/quote-templates/{quote_template_id}",
    "/v1/quote-templates/{quote_template_id}/preview",
    "/v1/metrics/kpis",
    "/v1/rescorings",
    "/v1/rates",
    "/v1/rates/on",
    "/v1/rates/{rate_id}",
    "/v1/policies/company/calendar",
    "/v1/policies/{policy}",
    "/v1/policies/{policy}/schema",
    "/v1/policies/{policy}/versions",
    "/v1/policies/{policy}/versions/{number}",
    "/v1/policies/{policy}/versions/{number}/diff",
}
"""Nothing of a customer is in them."""

FIGURES = {
    "/v1/day",  # with items of /v1/tasks, by its condition: tests/metrics/test_day.py
    "/v1/metrics/kpis/{name}",
    "/v1/metrics/kpis/{name}/records",
    "/v1/metrics/figures",
    "/v1/metrics/funnel",
    "/v1/metrics/funnel/records",
    "/v1/metrics/flow",
    "/v1/metrics/flow/records",
    "/v1/metrics/pipeline",
    "/v1/exports",
    "/v1/exports/{export}",
}
PUBLIC = {"/p/quotes/{secret}", "/p/quotes/{secret}/document"}
"""For whoever has the secret: roles do not count."""
PAIRS = {"/v1/leads/duplicates", "/v1/accounts/duplicates", "/v1/contacts/duplicates"}
"""For whoever sees both records of a pair: tests/lead/test_duplicates.py and test_duplicate_parties.py."""
VIEWS = {"/v1/views", "/v1/views/{view_id}"}
"""For whoever saved one, and those that it is shared with: tests/lead/test_views.py."""
BULK = {
    f"/v1/{records}/bulk-jobs{part}"
    for records in ("leads", "deals")
    for part in ("", "/{job_id}", "/{job_id}/records", "/{job_id}/refused.csv")
}
"""For whoever asked, and those who see that person's records: tests/lead/test_bulk.py and tests/deal/test_bulk.py."""
FEED = {"/v1/events", "/v1/stream"}
SEARCH = {"/v1/search"}
"""Over records of all kinds: tests/isolation/searching.py."""

FOR_ROLES = {
    "/v1/operations/lead-svc/access-log": {"admin", "director", "auditor"},
    "/v1/operations/deal-svc/access-log": {"admin", "director", "auditor"},
    "/v1/operations/contract-svc/access-log": {"admin", "director", "auditor"},
    "/v1/operations/metrics-svc/access-log": {"admin", "director", "auditor"},
    "/v1/imports/leads": {"admin", "director", "ops", "sales_ops", "marketing"},
    "/v1/imports/deals": {"admin", "director", "ops", "sales_ops"},
    "/v1/imports/rates": {"admin", "finance", "sales_ops"},
    "/v1/imports/spend": {"admin", "sales_ops", "marketing"},
    "/v1/campaigns": {"admin", "director", "sales_ops", "ops", "marketing", "auditor"},
    "/v1/forms": {"admin", "director", "sales_ops", "ops", "marketing", "auditor"},
    "/v1/operations/": {"admin", "ops"},
    "/v1/webhooks": {"admin", "ops"},
    "/v1/notification-channels": {"admin", "ops"},
    "/v1/policies/{policy}/versions/{number}/simulation": {"admin", "director", "sales_ops"},
    "/v1/team/people/{person_id}/hand-over": {"admin", "director", "sales_ops", "ops", "manager", "regional_head", "auditor"},
}
"""For those who run the system: all or nothing."""


@dataclass(frozen=True)
class Route:
    path: str
    operation: dict[str, Any]
    service: str

    @property
    def names(self) -> list[str]:
        return [part[1:-1] for part in self.path.split("/") if part.startswith("{")]

    def at(self, id: str) -> str:
        """The path with this id in place of each parameter; a document of policy is called by its service."""
        return re.sub(r"\{\w+\}", id, self.path.replace("{policy}", self.service).replace("{number}", "1"))

    @property
    def collection(self) -> str:
        """The list that its first parameter is from."""
        return self.path.partition("/{")[0]

    @property
    def kind(self) -> str | None:
        return LISTS.get(self.collection)

    @property
    def parameters(self) -> list[dict[str, Any]]:
        return [p for p in self.operation.get("parameters", ()) if p["in"] == "query"]


def routes(system: Any) -> list[Route]:
    found = []
    for service in system.services.values():
        for path, methods in service.app.openapi()["paths"].items():
            if "get" in methods:
                found.append(Route(path, methods["get"], service.service.name))
    return found


def unknown(found: Sequence[Route]) -> list[str]:
    """The routes that this test would leave out."""
    known = FOR_ALL | FIGURES | FEED | PUBLIC | PAIRS | VIEWS | BULK | SEARCH
    return [r.path for r in found if r.kind is None and r.path not in known and not r.path.startswith(tuple(FOR_ROLES))]
