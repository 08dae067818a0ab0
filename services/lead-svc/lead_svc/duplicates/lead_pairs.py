"""How leads are compared: by the person's address, number and name, and by the company."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Integer, Select, bindparam, func, literal, select, true, union_all

from lead_svc.duplicates.kinds import MOST_ALIKE, Entry, Heard, Kind, Shared, newest, waiting
from lead_svc.duplicates.likeness import said
from lead_svc.duplicates.policy import POLICY, DuplicatePolicy
from lead_svc.duplicates.record import Match, Said
from lead_svc.duplicates.rules import LEAD_PAIR_ACTS
from lead_svc.duplicates.tables import DUPLICATES
from lead_svc.leads import keys
from lead_svc.leads.queries import SEEN
from lead_svc.leads.record import CLOSED, Lead
from lead_svc.leads.tables import LEAD, LEADS
from lead_svc.seen import LEADS_SEEN
from shared.access.kinds import LEADS as LEADS_ACCESS
from shared.access.rows import Within
from shared.db.query import Query, is_in
from shared.db.tx import Reader
from shared.events.duplicates import LeadDuplicateCleared, LeadDuplicateDismissed, LeadDuplicateSuspected
from shared.events.lead import LeadCaptured, LeadMerged, LeadReactivated, LeadUnmerged, LeadUpdated

_GIVEN, _OTHER = LEAD.alias("given"), LEAD.alias("other")
_COMPARED = frozenset({"email", "phone", "contact_name", "company"})


def _same(by: Match, key: ColumnElement[Any], given: Any) -> Select[Any]:
    return newest(_OTHER, _GIVEN, by, key == given)


def _same_word() -> Select[Any]:
    """The key of the company with each word of the name, whichever of them others write first.

    Looked up one by one: for a list of keys Postgres expects so many leads that it would rather read all of them.
    """
    words = (
        func.regexp_split_to_table(_GIVEN.c.contact_name, literal("[[:space:][:punct:]]+"))
        .table_valued("word", name="words")
        .render_derived()
        .lateral()
    )
    key = keys.company_and_name(_OTHER.c.company, _OTHER.c.contact_name)
    of_word = _same(Match.NAME, key, keys.company_and_name(_GIVEN.c.company, words.c.word)).correlate(_GIVEN, words).lateral("of_word")
    found = select(of_word.c.id, of_word.c.by, of_word.c.place).select_from(words).join(of_word, true())
    return found.order_by(of_word.c.place, of_word.c.id).limit(bindparam("most", type_=Integer)).correlate(_GIVEN)


_found = union_all(
    _same(Match.EMAIL, keys.email_key(_OTHER.c.email), keys.email_key(_GIVEN.c.email)),
    _same(Match.PHONE, keys.phone_key(_OTHER.c.phone), keys.phone_key(_GIVEN.c.phone)),
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


def said_of(lead: Lead, policy: DuplicatePolicy) -> Said:
    """What is compared of a lead."""
    return said(policy, [(lead.email, lead.phone)], person_name=lead.contact_name, of=lead.company)


async def _entries(db: Reader, ids: Sequence[UUID]) -> dict[UUID, Entry]:
    """What is closed is history: a customer who comes back is no duplicate."""
    policy = db.policy(POLICY)
    return {
        lead.id: Entry(lead.id, lead, said_of(lead, policy), lead.owner_id, lead.state not in CLOSED, lead.merged_into is not None)
        for lead in await db.all(LEADS.get_many, ids=list(ids))
    }


LEAD_PAIRS = Kind(
    of=LEADS,
    pairs=DUPLICATES,
    seen=SEEN,
    seen_by_column=lambda column: Within(LEADS_SEEN, column),
    access=LEADS_ACCESS,
    acts=LEAD_PAIR_ACTS,
    suspected=LeadDuplicateSuspected,
    dismissed=LeadDuplicateDismissed,
    cleared=LeadDuplicateCleared,
    heard={
        LeadCaptured: Heard(is_new=True),
        LeadUpdated: Heard(_COMPARED),
        LeadReactivated: Heard(is_new=True),
        LeadMerged: Heard(),
        LeadUnmerged: Heard(),
    },
    weights=lambda policy: policy.weights.by_match(),
    entries=_entries,
    sharing=_sharing,
    one_by_one=waiting(LEAD, "duplicates/", keys.email_key(LEAD.c.email), keys.phone_key(LEAD.c.phone)),
)
