"""A 304 says that nothing changed: only what a record's own version covers may be answered by one."""

from contract_svc.service import service as contract_svc
from deal_svc.service import service as deal_svc
from lead_svc.service import service as lead_svc
from metrics_svc.service import service as metrics_svc

COVERED = {
    "AccountOut": "its own row",
    "LeadOut": "its own row",
    "TeamOut": "its own row",
    "PersonOut": "its own row",
    "RateOut": "its own row",
    "SignalOut": "its own row",
    "FormOut": "its own row",
    "ViewOut": "its own row",
    "ProductOut": "its own row and its prices, whose changes are versions of the product",
    "PaymentOut": "its own row and its allocations, which it tells of by events of its own",
}
"""Answers that may be 304, and what they show. All else that they show must depend on the reader alone."""


def test_only_what_the_version_covers_is_answered_by_304() -> None:
    routes = [r for s in (lead_svc, deal_svc, contract_svc, metrics_svc) for router in s.routers for r in router.routes]
    models = {r.response_model for r in routes if "GET" in r.methods}  # type: ignore[attr-defined]
    versioned = {m for m in models if "version" in getattr(m, "model_fields", {})}
    assert {m.__name__ for m in versioned if getattr(m, "version_says_all", True)} == set(COVERED)
