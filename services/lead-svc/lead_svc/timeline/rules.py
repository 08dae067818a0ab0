"""A lead's history in words a salesperson reads."""

from collections.abc import Callable, Mapping
from typing import Any

from lead_svc.cadence.rules import MISSED
from lead_svc.pool.record import Return
from shared.events import lead as told
from shared.events.automation import LeadAutomationFired
from shared.events.consent import ConsentGranted, ConsentWithdrawn
from shared.events.envelope import Event
from shared.events.form import LeadFormSubmitted
from shared.events.score import LeadPredicted, LeadScored
from shared.events.signal import LeadSignalRecorded, LeadTouched

Data = Mapping[str, Any]


def _after(before: str, value: Any) -> str:
    return f"{before}{value}" if value else ""


def _words(code: Any) -> str:
    return str(code or "").replace("_", " ")


_BACK = {
    MISSED: "nobody responded in time",
    Return.UNTOUCHED: "nobody had contacted it for too long",
    Return.OVER_CAPACITY: "its owner had more open leads than the limit",
    Return.OWNER_LEFT: "its owner has left",
}
"""Why a lead went back to the pool by itself."""


def _leads(ids: Any) -> str:
    return "a lead" if len(ids) == 1 else f"{len(ids)} leads"


def _assigned(d: Data) -> str:
    if d.get("rule") == "hand_over":
        return f"Handed over to another owner{_after(': ', d.get('reason'))}"
    if d.get("rule_name"):
        return f"Assigned to an owner by the rule {d['rule_name']}"
    if d.get("rule") in _BACK:
        return f"Back to the pool: {_BACK[d['rule']]}"
    return "Assigned to an owner" if d.get("owner_id") else "Released to the pool"


def _points(d: Data) -> str | None:
    """Of an MQL by score."""
    return f"{d['score']} points of {d['threshold']}" if d["how"] == "score" and d.get("threshold") else None


def _mql(d: Data) -> str:
    if d.get("rule_name"):
        return f"MQL by the rule {d['rule_name']}"
    return f"MQL ({d['how']}){_after(': ', d.get('reason') or _points(d))}"


def _fired(d: Data) -> str:
    done = [_words(action) for action in d["actions"] if action != "tell"] + [f"tell {template}" for template in d["templates"]]
    left = [f"not {_words(action)} ({_words(why)})" for action, why in d["left_out"].items()]
    return f"By the rule {d['rule']}: {', '.join([*done, *left])}"


def _brought_by(d: Data) -> str:
    """The campaign and the medium of a signal or touch."""
    return f"{_after(', campaign ', d.get('campaign'))}{_after(', by ', d.get('medium'))}"


_SAYS: dict[type[Event], Callable[[Data], str]] = {
    told.LeadCaptured: lambda d: f"Captured{_after(' from ', d.get('source'))}{_after(', campaign ', d.get('campaign'))}",
    told.LeadStubbed: lambda d: "Named by an import of deals, before its own data came",
    told.LeadUpdated: lambda d: f"Changed {', '.join(d['changed'])}",
    told.LeadMqlReached: _mql,
    told.LeadBantUpdated: lambda d: f"{d['dimension'].capitalize()} {d['status']}; BANT score {d['score']}",
    told.LeadRegraded: lambda d: f"Grade {d['old']} → {d['new']} ({d['rule'].replace('_', ' ')})",
    told.LeadInteractionLogged: lambda d: f"{d['kind'].capitalize()}, {d['direction']}: {d['outcome'].replace('_', ' ')}",
    told.LeadInteractionCorrected: lambda d: f"{d['now']['kind'].capitalize()} corrected: {', '.join(map(_words, d['changed']))}",
    told.LeadInteractionRemoved: lambda d: f"{d['was']['kind'].capitalize()} removed that was logged by a slip",
    told.LeadFileAttached: lambda d: f"A file attached ({d['media_type']})",
    told.LeadFileRemoved: lambda d: "A file removed",
    told.LeadIntentRecorded: lambda d: f"Intent to buy: {d['level']}",
    told.LeadAssigned: _assigned,
    told.LeadQualified: lambda d: f"Qualified as SQL with a BANT score of {d['bant_score']}",
    told.LeadNurtured: lambda d: f"Put aside from {d['from_state']}{_after(': ', d.get('reason'))}{_after(', until ', d.get('wake_at'))}",
    told.LeadDisqualified: lambda d: f"Disqualified from {d['from_state']}: {d['reason'].replace('_', ' ')}",
    told.LeadReactivated: lambda d: f"Taken up again from {d['from_state']}{_after(': ', _words(d.get('reason')))}",
    told.LeadConverted: lambda d: f"Converted: {'joins an open deal' if d.get('joins_existing') else 'opens a deal'}",
    told.LeadConversionConfirmed: lambda d: "The deal is open",
    told.LeadConversionRefused: lambda d: f"The deal was refused: {d['reason']}",
    LeadAutomationFired: _fired,
    LeadFormSubmitted: lambda d: f"Sent the form {d['form']}",
    LeadSignalRecorded: lambda d: f"Shows interest: {_words(d['kind'])}{_after(' ', d.get('value'))}{_brought_by(d)}",
    LeadTouched: lambda d: f"Touched{_after(' by ', _words(d.get('source')))}{_brought_by(d)}",
    LeadScored: lambda d: f"Score {d['old']} → {d['new']}",
    LeadPredicted: lambda d: f"{d['model']} predicts {d['probability']} percent",
    ConsentGranted: lambda d: f"Allows {_words(d['purpose'])}",
    ConsentWithdrawn: lambda d: f"Allows {_words(d['purpose'])} no longer",
    told.LeadMemberAdded: lambda d: "Read by the owner of its deal, too",
    told.LeadMemberRemoved: lambda d: "No longer read by who owned its deal",
    told.LeadMerged: lambda d: f"Took over {_leads(d['absorbed'])} that {'is' if len(d['absorbed']) == 1 else 'are'} the same",
    told.LeadUnmerged: lambda d: f"Gave back {_leads(d['absorbed'])} that it had taken over",
    told.LeadAbsorbed: lambda d: f"Merged from {d['from_state']} into another lead",
    told.LeadRestored: lambda d: f"Given back as {d['to_state']}: the merge was undone",
    told.LeadUnflagged: lambda d: f"No longer flagged: {d['flag'].replace('_', ' ')}",
    told.LeadFlagged: lambda d: f"Flagged: {d['flag'].replace('_', ' ')}",
}
_BY_TYPE = {kind.type: says for kind, says in _SAYS.items()}


def summary(type: str, data: Data) -> str:
    """The event in words. One that a newer release tells, or that an older one told with fewer fields, by its name alone."""
    says = _BY_TYPE.get(type)
    try:
        return says(data) if says else _plainly(type)
    except (KeyError, TypeError, AttributeError):
        return _plainly(type)


def _plainly(type: str) -> str:
    """`clinch.lead.merged.v1` becomes "Merged"."""
    parts = type.split(".")
    name = parts[-2] if len(parts) > 2 else type
    return name.replace("_", " ").capitalize()
