"""How contacts are compared: as leads are, by the person and the account."""

from collections.abc import Sequence
from functools import lru_cache
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Integer, Select, bindparam, func, literal, select, true, union_all

from lead_svc.duplicates.kinds import MOST_ALIKE, Entry, Heard, Kind, Shared, newest, waiting
from lead_svc.duplicates.likeness import said
from lead_svc.duplicates.policy import POLICY
from lead_svc.duplicates.record import Match
from lead_svc.duplicates.rules import CONTACT_PAIR_ACTS
from lead_svc.duplicates.tables import CONTACT_DUPLICATES
from lead_svc.parties import keys
from lead_svc.parties.queries import SEEN_CONTACTS
from lead_svc.parties.tables import ACCOUNTS, CONTACT, CONTACTS
from lead_svc.seen import CONTACTS_SEEN
from shared.access.kinds import ACCOUNTS as ACCOUNTS_ACCESS
from shared.auth.actor import Actor
from shared.db.query import Query, is_in
from shared.db.tx import Reader
from shared.events.duplicates import ContactDuplicateCleared, ContactDuplicateDismissed, ContactDuplicateSuspected
from shared.events.party import ContactCreated, ContactMerged, ContactUnmerged, ContactUpdated

_GIVEN, _OTHER = CONTACT.alias("given"), CONTACT.alias("other")


def _same_word() -> Select[Any]:
    """Contacts of the same account who share a word of the name, whichever of them others write first."""
    words = (
        func.regexp_split_to_table(_GIVEN.c.name, literal("[[:space:][:punct:]]+"))
        .table_valued("word", name="words")
        .render_derived()
        .lateral()
    )
    same = (_OTHER.c.account_id == _GIVEN.c.account_id, keys.name_key(_OTHER.c.name) == keys.name_key(words.c.word))
    of_word = newest(_OTHER, _GIVEN, Match.NAME, *same).correlate(_GIVEN, words).lateral("of_word")
    found = select(of_word.c.id, of_word.c.by, of_word.c.place).select_from(words).join(of_word, true())
    return found.order_by(of_word.c.place, of_word.c.id).limit(bindparam("most", type_=Integer)).correlate(_GIVEN)


_found = union_all(
    newest(_OTHER, _GIVEN, Match.EMAIL, keys.email_key(_OTHER.c.email) == keys.email_key(_GIVEN.c.email)),
    newest(_OTHER, _GIVEN, Match.PHONE, keys.phone_key(_OTHER.c.phone) == keys.phone_key(_GIVEN.c.phone)),
    _same_word(),
).lateral("found")
_SHARING = Query(
    select(_GIVEN.c.id.label("record_id"), _found.c.id.label("other_id"), _found.c.by, _found.c.place)
    .select_from(_GIVEN)
    .join(_found, true())
    .where(is_in(_GIVEN.c.id, "ids")),
    Shared,
)


async def _sharing(db: Reader, ids: Sequence[UUID]) -> Sequence[Shared]:
    return await db.all(_SHARING, ids=list(ids), most=MOST_ALIKE + 1)


async def _entries(db: Reader, ids: Sequence[UUID]) -> dict[UUID, Entry]:
    """The company is the account's, and so is who is asked."""
    contacts = await db.all(CONTACTS.get_many, ids=list(ids))
    accounts = {account.id: account for account in await db.all(ACCOUNTS.get_many, ids=list({c.account_id for c in contacts}))}
    policy, found = db.policy(POLICY), {}
    for contact in contacts:
        account, merged = accounts[contact.account_id], contact.merged_into is not None
        compared = said(policy, [(contact.email, contact.phone)], person_name=contact.name, of=account.name)
        found[contact.id] = Entry(contact.id, contact, compared, account.owner_id, not merged, merged)
    return found


class _Contact:
    """Who sees the contact that a column names."""

    def __init__(self, column: ColumnElement[Any]) -> None:
        self._seen = lru_cache(maxsize=64)(
            lambda seen: column == select(CONTACT.c.id).where(CONTACT.c.id == column, seen).scalar_subquery(),
        )

    def key(self, actor: Actor) -> tuple[Any, ...]:
        return CONTACTS_SEEN.key(actor)

    def visible(self, actor: Actor) -> ColumnElement[bool]:
        return self._seen(CONTACTS_SEEN.visible(actor))

    def listed(self, actor: Actor) -> ColumnElement[bool]:
        return self._seen(CONTACTS_SEEN.listed(actor))

    def params(self, actor: Actor) -> dict[str, Any]:
        return CONTACTS_SEEN.params(actor)


CONTACT_PAIRS = Kind(
    of=CONTACTS,
    pairs=CONTACT_DUPLICATES,
    seen=SEEN_CONTACTS,
    seen_by_column=_Contact,
    access=ACCOUNTS_ACCESS,
    acts=CONTACT_PAIR_ACTS,
    suspected=ContactDuplicateSuspected,
    dismissed=ContactDuplicateDismissed,
    cleared=ContactDuplicateCleared,
    heard={
        ContactCreated: Heard(is_new=True),
        ContactUpdated: Heard(frozenset({"email", "phone", "name", "account_id"})),
        ContactMerged: Heard(),
        ContactUnmerged: Heard(),
    },
    weights=lambda policy: policy.weights.by_match(),
    entries=_entries,
    sharing=_sharing,
    one_by_one=waiting(CONTACT, "duplicates/contact/", keys.email_key(CONTACT.c.email), keys.phone_key(CONTACT.c.phone)),
)
