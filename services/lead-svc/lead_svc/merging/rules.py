"""Which values a lead has after it took over another one, and after that was undone. Pure."""

from collections.abc import Collection, Iterator, Mapping
from datetime import datetime
from functools import lru_cache
from typing import Any, Literal, get_args, get_type_hints

from pydantic import TypeAdapter

from lead_svc.leads.record import LEAD, OPEN, Lead, State
from lead_svc.merging.record import Merge
from lead_svc.parties.rules import MERGES
from shared.acts import Act, who
from shared.calendar import day_of
from shared.errors import Unmet
from shared.events.lead import LeadAbsorbed, LeadMerged, LeadRestored, LeadUnmerged

MERGE = Act(
    of=LEAD,
    name="merge",
    operation="merge_lead",
    who=MERGES,
    states=OPEN,
    tells=(LeadMerged,),
    refused="The two leads cannot be merged.",
    code="cannot_merge",
    says="Takes over another lead that is the same, with all that hangs on it.",
    asks="Both leads in view, and both open.",
)
ABSORB = Act(
    of=LEAD,
    name="absorb",
    operation=None,
    who=who(),
    states=OPEN,
    to=(State.MERGED,),
    tells=(LeadAbsorbed,),
    says="Another lead takes it over. It still answers, names the other one, and nothing is done with it any more.",
)
UNMERGE = Act(
    of=LEAD,
    name="unmerge",
    operation="unmerge_lead",
    who=MERGES,
    states=(State.MERGED,),
    moves=tuple((State.MERGED.value, state.value) for state in OPEN),
    brings_back=True,
    tells=(LeadRestored,),
    refused="The merge cannot be undone.",
    code="cannot_unmerge",
    says="Undoes a merge: the lead gets back what came from it. What happened since stays with the survivor.",
    asks="By default within 30 days, and before the survivor is merged itself; later merges of the survivor are undone first.",
)
RELEASE = Act(
    of=LEAD,
    name="release",
    operation=None,
    who=who(),
    tells=(LeadUnmerged,),
    says="A lead that it had taken over gets back what came from it.",
)

# -- Which value of which field ------------------------------------------------------------------------------------------------

Field = Literal[
    "title", "company", "contact_name", "email", "phone", "job_title", "language", "region", "industry", "size", "product",
    "intent", "origin", "parties", "bant",
]  # fmt: skip
"""What is chosen as a whole: `origin` is what brought the lead first, `parties` its account and contact, `bant` the findings and grade."""

_ORIGIN = ("source", "campaign", "medium", "first_touch", "referrer_account_id")
_WHOLE: Mapping[str, tuple[str, ...]] = {
    "origin": _ORIGIN,
    "parties": ("account_id", "contact_id"),
    "bant": ("bant", "bant_score", "grade"),
}
_TOGETHER = (_WHOLE["parties"], _WHOLE["bant"], ("no_response_count", "no_response_on"))
"""Columns that mean something only together: they are given back together, or not at all."""


def columns_of(field: str) -> tuple[str, ...]:
    return _WHOLE.get(field, (field,))


def chosen(survivor: Lead, absorbed: Lead, take: Collection[str], keep: Collection[str], zone: Any) -> dict[str, Any]:
    """What changes of the survivor.

    It has its own values, and the other one's where it has none; what brought the customer is that of whichever was captured first.
    `take`: what is the absorbed one's in any case. `keep`: what stays the survivor's, also when it is empty.
    """
    first, last = (survivor, absorbed) if _captured(survivor) <= _captured(absorbed) else (absorbed, survivor)
    wanted: dict[str, Any] = {"captured_at": first.captured_at, "last_touch": last.last_touch or first.last_touch}
    for field in get_args(Field):
        columns = columns_of(field)
        if field in take:
            wanted |= {name: getattr(absorbed, name) for name in columns}
        elif field in keep:
            continue
        elif field == "origin":
            wanted |= {name: _either(first, last, name) for name in columns}
        elif not any(getattr(survivor, name) for name in columns[:2]):  # a score or a grade alone is none
            wanted |= {name: getattr(absorbed, name) for name in columns}
    if _answered_since(survivor, absorbed, zone):
        wanted |= {"no_response_count": 0, "no_response_on": None}
    return {name: value for name, value in wanted.items() if getattr(survivor, name) != value}


def _captured(lead: Lead) -> datetime:
    return lead.captured_at or lead.created_at


def _either(first: Lead, last: Lead, name: str) -> Any:
    value = getattr(first, name)
    return getattr(last, name) if value is None else value


def _answered_since(survivor: Lead, absorbed: Lead, zone: Any) -> bool:
    """Whether the person answered under the other record after the last attempt that got no answer."""
    at = absorbed.last_response_at
    return at is not None and survivor.no_response_on is not None and day_of(at, zone) >= survivor.no_response_on


def left(survivor: Lead, absorbed: Lead) -> list[str]:
    """Fields whose value only the absorbed one has from now on: it keeps them, and is read for them."""
    names = [name for field in get_args(Field) for name in columns_of(field)]
    return [name for name in names if getattr(absorbed, name) not in (None, {}, getattr(survivor, name))]


# -- Keeping and giving back -----------------------------------------------------------------------------------------------------


@lru_cache
def _types() -> Mapping[str, TypeAdapter[Any]]:
    return {name: TypeAdapter(hint) for name, hint in get_type_hints(Lead).items()}


def kept(survivor: Lead, changes: Mapping[str, Any]) -> dict[str, list[Any]]:
    """What was before and is after, as the row of a merge keeps it."""
    types = _types()
    return {
        name: [types[name].dump_python(value, mode="json") for value in (getattr(survivor, name), after)] for name, after in changes.items()
    }


def restored(survivor: Lead, values: Mapping[str, list[Any]]) -> dict[str, Any]:
    """What changes of the survivor when the merge is undone: what came by it and nobody has edited since.

    A lead that is handed over keeps its account and contact: its deal has them.
    """
    found: dict[str, Any] = {}
    for columns in _groups(values):
        read = {name: [_types()[name].validate_python(value) for value in values[name]] for name in columns}
        handed_over = "account_id" in columns and survivor.state in (State.CONVERTING, State.CONVERTED)
        if not handed_over and all(getattr(survivor, name) == after for name, (_, after) in read.items()):
            found |= {name: before for name, (before, _) in read.items()}
    return found


def _groups(values: Mapping[str, Any]) -> Iterator[list[str]]:
    alone = dict.fromkeys(values)
    for columns in _TOGETHER:
        if together := [name for name in columns if name in alone]:
            yield together
            for name in together:
                del alone[name]
    yield from ([name] for name in alone)


# -- When a merge can be done and undone -----------------------------------------------------------------------------------------


def absorbed_unmet(absorbed: Lead) -> list[Unmet]:
    if absorbed.state in OPEN:
        return []
    return [Unmet("absorbed_not_open", f"The other lead is {absorbed.state}; only an open one can be taken over.")]


def undo_unmet(merge: Merge, survivor: Any, later: Collection[Merge], now: datetime, *, seen: bool) -> list[Unmet]:
    """`later`: merges into the same survivor that stand. `seen`: whether the survivor is in view."""
    unmet = [] if now < merge.until else [Unmet("too_late", "The time to undo the merge is over.")]
    if survivor.merged_into is not None:
        unmet.append(Unmet("survivor_merged", "The survivor was merged itself; undo that first."))
    if later:
        unmet.append(Unmet("later_merge", "The survivor has taken over others since; undo these merges first."))
    if not seen:
        unmet.append(Unmet("survivor_hidden", "Somebody who sees the survivor too can undo the merge."))
    return unmet
