"""A lead's history in words a salesperson reads."""

from collections.abc import Callable, Mapping
from typing import Any

from shared.events import lead as told
from shared.events.envelope import Event

Data = Mapping[str, Any]


def _after(before: str, value: Any) -> str:
    return f"{before}{value}" if value else ""


_SAYS: dict[type[Event], Callable[[Data], str]] = {
    told.LeadCaptured: lambda d: f"Captured{_after(' from ', d['source'])}{_after(', campaign ', d['campaign'])}",
    told.LeadStubbed: lambda d: "Named by an import of deals, before its own data came",
    told.LeadUpdated: lambda d: f"Changed {', '.join(d['changed'])}",
    told.LeadMqlReached: lambda d: f"MQL ({d['how']}){_after(': ', d['reason'])}",
    told.LeadBantUpdated: lambda d: f"{d['dimension'].capitalize()} {d['status']}; BANT score {d['score']}",
    told.LeadRegraded: lambda d: f"Grade {d['old']} → {d['new']} ({d['rule'].replace('_', ' ')})",
    told.LeadInteractionLogged: lambda d: f"{d['kind'].capitalize()}, {d['direction']}: {d['outcome'].replace('_', ' ')}",
    told.LeadIntentRecorded: lambda d: f"Intent to buy: {d['level']}",
    told.LeadAssigned: lambda d: "Assigned to an owner" if d["owner_id"] else "Released to the pool",
    told.LeadQualified: lambda d: f"Qualified as SQL with a BANT score of {d['bant_score']}",
    told.LeadNurtured: lambda d: f"Put aside from {d['from_state']}: {d['reason']}{_after(', until ', d['wake_at'])}",
    told.LeadDisqualified: lambda d: f"Disqualified from {d['from_state']}: {d['reason'].replace('_', ' ')}",
    told.LeadReactivated: lambda d: f"Taken up again from {d['from_state']}: {d['reason'].replace('_', ' ')}",
    told.LeadConverted: lambda d: f"Converted: {'joins an open deal' if d['joins_existing'] else 'opens a deal'}",
    told.LeadConversionConfirmed: lambda d: "The deal is open",
    told.LeadConversionRefused: lambda d: f"The deal was refused: {d['reason']}",
    told.LeadFlagged: lambda d: f"Flagged: {d['flag'].replace('_', ' ')}",
}
_BY_TYPE = {kind.type: says for kind, says in _SAYS.items()}


def summary(type: str, data: Data) -> str:
    return _BY_TYPE[type](data)
