"""How accounts are compared: by their names, and by the addresses and numbers of their contacts."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import func

from lead_svc.duplicates.kinds import MOST_ALIKE, Entry, Heard, Kind, Shared, waiting
from lead_svc.duplicates.likeness import company, said
from lead_svc.duplicates.policy import POLICY
from lead_svc.duplicates.rules import ACCOUNT_PAIR_ACTS
from lead_svc.duplicates.tables import ACCOUNT_DUPLICATES
from lead_svc.parties import keys
from lead_svc.parties.queries import SEEN_ACCOUNTS
from lead_svc.parties.tables import ACCOUNT, ACCOUNTS
from lead_svc.seen import ACCOUNTS_SEEN
from shared.access.kinds import ACCOUNTS as ACCOUNTS_ACCESS
from shared.access.rows import Within
from shared.db.outbox import Told
from shared.db.tx import Reader
from shared.events.duplicates import AccountDuplicateCleared, AccountDuplicateDismissed, AccountDuplicateSuspected
from shared.events.party import AccountCreated, AccountMerged, AccountUnmerged, AccountUpdated, ContactCreated, ContactUpdated

MOST_CONTACTS = 200
"""Contacts of an account that are looked at, the newest: their domain and their switchboard are those of all."""
LEAST_LETTERS = 6

# Those whose name begins as this one does, its legal form left out: first as long as the whole name, then as a part of it, for names that
# are only nearly the same. The most alike by their length come first.
_NAMED = f"""
SELECT given.id AS record_id, found.id AS other_id, 'company' AS by, found.place
FROM unnest($1::uuid[], $2::text[], $3::text[]) AS given (id, core, beginning) CROSS JOIN LATERAL (
  (SELECT a.id, row_number() OVER (ORDER BY length({keys.LETTERS}), a.created_at DESC, a.id DESC) AS place FROM account a
   WHERE {keys.LETTERS} ~>=~ given.core AND {keys.LETTERS} ~<~ (given.core || chr(1114111))
   AND a.id <> given.id AND a.merged_into IS NULL ORDER BY place LIMIT $4)
  UNION ALL
  (SELECT a.id, row_number() OVER (ORDER BY abs(length({keys.LETTERS}) - length(given.core)), a.created_at DESC, a.id DESC) AS place
   FROM account a
   WHERE {keys.LETTERS} ~>=~ given.beginning AND {keys.LETTERS} ~<~ (given.beginning || chr(1114111))
   AND given.beginning <> given.core AND a.id <> given.id AND a.merged_into IS NULL ORDER BY place LIMIT $4)
) found
"""
_SAME = """
SELECT given.id AS record_id, found.account_id AS other_id, '{0}' AS by, min(found.place) AS place
FROM unnest($1::uuid[]) AS given (id)
CROSS JOIN LATERAL (
  SELECT DISTINCT {1} AS key FROM (
    SELECT {0} FROM contact WHERE account_id = given.id AND merged_into IS NULL ORDER BY created_at DESC, id DESC LIMIT {2}
  ) x WHERE {1} IS NOT NULL
) own
CROSS JOIN LATERAL (
  SELECT x.account_id, row_number() OVER (ORDER BY x.created_at DESC, x.id DESC) AS place FROM contact x
  WHERE {1} = own.key AND x.account_id <> given.id AND x.merged_into IS NULL ORDER BY place LIMIT $2
) found
GROUP BY 1, 2
"""
_OF_CONTACTS = f"""
SELECT given.id, array_agg(x.email) AS emails, array_agg(x.phone) AS phones FROM unnest($1::uuid[]) AS given (id)
CROSS JOIN LATERAL (
  SELECT email, phone FROM contact WHERE account_id = given.id AND merged_into IS NULL
  ORDER BY created_at DESC, id DESC LIMIT {MOST_CONTACTS}
) x GROUP BY given.id
"""


async def _sharing(db: Reader, ids: Sequence[UUID]) -> Sequence[Shared]:
    forms = db.policy(POLICY).legal_forms
    cores = [(a.id, company(a.name, forms)) for a in await db.all(ACCOUNTS.get_many, ids=list(ids))]
    named = [(id, core, core[: max(LEAST_LETTERS, len(core) // 2)]) for id, core in cores if core]
    most = MOST_ALIKE + 1
    rows: list[Any] = list(await db.rows(_NAMED, *map(list, zip(*named, strict=True)), most)) if named else []
    for column, key in (("email", keys.EMAIL), ("phone", keys.PHONE)):
        rows += await db.rows(_SAME.format(column, key, MOST_CONTACTS), list(ids), most)
    return [Shared(**row) for row in rows]


async def _entries(db: Reader, ids: Sequence[UUID]) -> dict[UUID, Entry]:
    policy, found = db.policy(POLICY), {}
    contacts = {row["id"]: list(zip(row["emails"], row["phones"], strict=True)) for row in await db.rows(_OF_CONTACTS, list(ids))}
    for account in await db.all(ACCOUNTS.get_many, ids=list(ids)):
        compared, merged = said(policy, contacts.get(account.id, ()), person_name=None, of=account.name), account.merged_into is not None
        found[account.id] = Entry(account.id, account, compared, account.owner_id, not merged, merged)
    return found


def _its_account(told: Told) -> UUID | None:
    """An account is compared by what its contacts say."""
    account: UUID | None = getattr(told.event, "account_id", None)
    return account


ACCOUNT_PAIRS = Kind(
    of=ACCOUNTS,
    pairs=ACCOUNT_DUPLICATES,
    seen=SEEN_ACCOUNTS,
    seen_by_column=lambda column: Within(ACCOUNTS_SEEN, column),
    access=ACCOUNTS_ACCESS,
    acts=ACCOUNT_PAIR_ACTS,
    suspected=AccountDuplicateSuspected,
    dismissed=AccountDuplicateDismissed,
    cleared=AccountDuplicateCleared,
    heard={
        AccountCreated: Heard(is_new=True),
        AccountUpdated: Heard(frozenset({"name"})),
        AccountMerged: Heard(),
        AccountUnmerged: Heard(),
        ContactCreated: Heard(of=_its_account),
        ContactUpdated: Heard(frozenset({"email", "phone", "account_id"}), of=_its_account),
    },
    weights=lambda policy: policy.account_weights.by_match(),
    entries=_entries,
    sharing=_sharing,
    one_by_one=waiting(ACCOUNT, "duplicates/account/", func.left(keys.letters(ACCOUNT.c.compared), LEAST_LETTERS)),
)
