"""What events of deal-svc and contract-svc say of their records, as far as these are searched and somebody sees them. Pure."""

from collections.abc import Mapping
from dataclasses import fields, replace
from typing import Any

from lead_svc.index.record import Entry, Found
from lead_svc.index.rules import text
from lead_svc.search.kinds import SOUGHT
from shared.events import contract, deal, quote
from shared.events.envelope import Envelope, Event
from shared.parties.references import told_id

QUOTES: Mapping[type[Event], str | None] = {
    quote.QuoteCreated: "draft",
    quote.QuoteChanged: None,
    quote.QuoteSent: "sent",
    quote.QuoteAccepted: "accepted",
    quote.QuoteRejected: "rejected",
    quote.QuoteExpired: "expired",
    quote.QuoteSuperseded: "superseded",
    quote.QuoteWithdrawn: "withdrawn",
}
CONTRACTS: Mapping[type[Event], str | None] = {
    contract.ContractDrafted: "draft",
    contract.ContractChanged: None,
    contract.ContractSubmitted: "in_review",
    contract.ContractApproved: "approved",
    contract.ContractRejected: "draft",
    contract.ContractWithdrawn: "draft",
    contract.ContractSentForSignature: "out_for_signature",
    contract.ContractDeclined: "draft",
    contract.ContractSigned: "signed",
    contract.ContractActivated: "active",
    contract.ContractCompleted: "completed",
    contract.ContractReopened: "active",
    contract.ContractVoided: "voided",
    contract.ContractTerminated: "terminated",
}
"""The state that a record is in after an event; None where it stays."""
DEALS = (
    deal.DealOpened,
    deal.DealUpdated,
    deal.DealStageChanged,
    deal.DealWon,
    deal.DealLost,
    deal.DealReopened,
    deal.DealWinReversed,
    deal.DealHistoryCorrected,
)
HEARD: tuple[type[Event], ...] = (*DEALS, *QUOTES, *CONTRACTS)

_KEPT = frozenset(f.name for f in fields(Entry)) - {"owner_id"}
"""What an event does not say, as those of earlier releases, stays as it was. That nobody owns a record is said, too."""


def after(before: Entry | None, event: Envelope[Event]) -> Entry | None:
    """The entry after an event. None where that is of no use: what it says is known already."""
    if before is not None and before.heard is not None and before.heard >= event.version:
        return None
    kind, said = _said(event)
    known = before or Entry(event.subject, kind, event.time, "", "")
    changes = {name: value for name, value in said.items() if value is not None or name not in _KEPT}
    now = replace(known, heard=event.version, **changes)
    return replace(now, public=text({name: getattr(now, name) for name in SOUGHT[kind].public}))


def _said(event: Envelope[Event]) -> tuple[Found, dict[str, Any]]:
    data: Any = event.data
    if isinstance(data, quote.QuoteEvent):
        return Found.QUOTE, _of_deal(data, QUOTES)
    if isinstance(data, contract.ContractEvent):
        return Found.CONTRACT, {**_of_deal(data, CONTRACTS), "owner_id": data.owner_id}
    return Found.DEAL, {**_whose(data), "state": _stage(data)}


def _of_deal(data: Any, states: Mapping[type[Event], str | None]) -> dict[str, Any]:
    return {"deal_id": data.deal_id, "account_id": data.account_id, "number": data.number, "state": states[type(data)]}


def _whose(data: Any) -> dict[str, Any]:
    if isinstance(data, deal.DealUpdated):
        return {"name": data.name, "account_id": data.account_id, "owner_id": data.owner_id}
    if isinstance(data, deal.DealOpened | deal.DealHistoryCorrected):
        account_id = told_id("account", data.account_id, data.account_external_id, data.account_name)
        owner_id = told_id("person", data.owner_id, data.owner_external_id)
        return {"name": data.name, "external_id": data.external_id, "account_id": account_id, "owner_id": owner_id}
    return {}


def _stage(data: Any) -> str | None:
    match data:
        case deal.DealWon():
            return "won"
        case deal.DealLost():
            return "lost"
        case deal.DealStageChanged():
            return data.to_stage
        case deal.DealHistoryCorrected() if data.outcome != "open":
            return data.outcome
        case _:
            return getattr(data, "stage", None)
