"""What is searched of each kind of record, and who finds it: declared once for each."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Any

from pydantic import BaseModel
from sqlalchemy import ColumnElement, FromClause, any_, exists, func, select, true

from lead_svc.index.record import Found
from lead_svc.index.tables import ENTRY
from lead_svc.leads.fields import LeadDetails
from lead_svc.leads.tables import LEADS
from lead_svc.parties.fields import AccountFields, ContactFields
from lead_svc.parties.tables import ACCOUNTS, CONTACT, CONTACTS
from lead_svc.seen import ACCOUNTS_SEEN, CONTACTS_SEEN, LEADS_SEEN, deals_seen
from shared.access import kinds
from shared.access.kinds import Kind
from shared.access.rows import Condition, Rows, Seen, Within
from shared.auth import Actor
from shared.db.query import Aggregate
from shared.events.envelope import Event
from shared.events.lead import LeadAbsorbed, LeadCaptured, LeadMerged, LeadRestored, LeadStubbed, LeadUnmerged, LeadUpdated
from shared.events.party import (
    AccountAbsorbed,
    AccountCreated,
    AccountRestored,
    AccountUpdated,
    ContactAbsorbed,
    ContactCreated,
    ContactRestored,
    ContactUpdated,
)
from shared.fields import personal, searched


@dataclass(frozen=True, kw_only=True, eq=False)
class Sought:
    """`public` and `personal` are the values that are searched, in the order of their lines in the index.

    `visible` gives the condition for rows of the index with these columns, `by_ids` the same for the index itself, where the ids of all
    that the actor sees are looked up first.
    """

    kind: Found
    access: Kind
    path: str
    public: tuple[str, ...]
    personal: tuple[str, ...] = ()
    key: Callable[[Actor], tuple[Any, ...]]
    params: Callable[[Actor], dict[str, Any]]
    visible: Callable[[Actor, FromClause], Condition]
    by_ids: Callable[[Actor], Condition]


@dataclass(frozen=True, kw_only=True, eq=False)
class Own(Sought):
    """A kind of records of ours. `heard`: the events after which its entry may be another one."""

    of: Aggregate[Any]
    heard: tuple[type[Event], ...]

    @cached_property
    def names(self) -> frozenset[str]:
        return frozenset((*self.public, *self.personal))


def _own(
    kind: Found, of: Aggregate[Any], fields: type[BaseModel], access: Kind, seen: Seen, by_ids: Callable[[Actor], Condition], *heard: Any
) -> Own:
    hidden, names = personal(fields), searched(fields)
    table = of.table

    def visible(actor: Actor, entry: FromClause) -> Condition:
        condition = seen.visible(actor)
        return condition if condition is true() else exists().where(table.c.id == entry.c.id, condition)

    return Own(
        kind=kind,
        access=access,
        path=f"/v1/{kind}s",
        public=(*[name for name in names if name not in hidden], "external_id"),
        personal=tuple(name for name in names if name in hidden),
        key=seen.key,
        params=seen.params,
        visible=visible,
        by_ids=by_ids,
        of=of,
        heard=heard,
    )


def _contacts_by_ids(actor: Actor) -> Condition:
    ids = select(CONTACT.c.id).where(ACCOUNTS_SEEN.by_ids(actor, CONTACT.c.account_id)).correlate(None)
    return ENTRY.c.id == any_(func.array(ids.scalar_subquery()))


_DEAL = ENTRY.alias("deal_entry")
_OWNED = (ACCOUNTS.table.c.id, ACCOUNTS.table.c.owner_id)


@lru_cache(maxsize=64)
def _contracts(of: FromClause) -> Rows:
    return Rows(kinds.CONTRACTS, id=of.c.id, owner=of.c.owner_id, members=(of.c.id, of.c.deal_id), account=of.c.account_id, accounts=_OWNED)


def _of_deal(actor: Actor, entry: FromClause) -> Condition:
    return Within(deals_seen(_DEAL), entry.c.deal_id).visible(actor)


_LEAD_EVENTS = (LeadCaptured, LeadStubbed, LeadUpdated, LeadMerged, LeadUnmerged, LeadAbsorbed, LeadRestored)
_ACCOUNT_EVENTS = (AccountCreated, AccountUpdated, AccountAbsorbed, AccountRestored)
_CONTACT_EVENTS = (ContactCreated, ContactUpdated, ContactAbsorbed, ContactRestored)


def _by_lead(actor: Actor) -> ColumnElement[bool]:
    return LEADS_SEEN.by_ids(actor, ENTRY.c.id)


def _by_account(actor: Actor) -> ColumnElement[bool]:
    return ACCOUNTS_SEEN.by_ids(actor, ENTRY.c.id)


OWN: tuple[Own, ...] = (
    _own(Found.LEAD, LEADS, LeadDetails, kinds.LEADS, LEADS_SEEN, _by_lead, *_LEAD_EVENTS),
    _own(Found.ACCOUNT, ACCOUNTS, AccountFields, kinds.ACCOUNTS, ACCOUNTS_SEEN, _by_account, *_ACCOUNT_EVENTS),
    _own(Found.CONTACT, CONTACTS, ContactFields, kinds.ACCOUNTS, CONTACTS_SEEN, _contacts_by_ids, *_CONTACT_EVENTS),
)
_DEALS, _CONTRACTS = deals_seen(ENTRY), _contracts(ENTRY)
HEARD: tuple[Sought, ...] = (
    Sought(
        kind=Found.DEAL,
        access=kinds.DEALS,
        path="/v1/deals",
        public=("name", "external_id"),
        key=_DEALS.key,
        params=_DEALS.params,
        visible=lambda actor, entry: deals_seen(entry).visible(actor),
        by_ids=_DEALS.by_ids,
    ),
    Sought(
        kind=Found.QUOTE,
        access=kinds.DEALS,
        path="/v1/quotes",
        public=("number",),
        key=_DEALS.key,
        params=_DEALS.params,
        visible=_of_deal,
        by_ids=lambda actor: deals_seen(_DEAL).by_ids(actor, ENTRY.c.deal_id),
    ),
    Sought(
        kind=Found.CONTRACT,
        access=kinds.CONTRACTS,
        path="/v1/contracts",
        public=("number",),
        key=_CONTRACTS.key,
        params=_CONTRACTS.params,
        visible=lambda actor, entry: _contracts(entry).visible(actor),
        by_ids=_CONTRACTS.by_ids,
    ),
)
SOUGHT: Mapping[Found, Sought] = {each.kind: each for each in (*OWN, *HEARD)}
