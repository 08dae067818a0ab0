"""The accounts, owners and sources that rows of an import name, whatever the spelling, and the owners' teams."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert

from deal_svc.deals.tables import ACCOUNT_NAME
from deal_svc.imports.form import Row
from shared import names
from shared.auth.actor import OWNERS
from shared.db.query import Query, is_in, rows_param
from shared.db.tables import ROSTER
from shared.db.tx import Tx
from shared.names import Known
from shared.policy.company import sources_of
from shared.spelling import Normal, compared, tidy

_standing = select(ROSTER.c.person_id, ROSTER.c.team_id, ROSTER.c.active, ROSTER.c.role)
_PEOPLE = Query(_standing.where(is_in(ROSTER.c.person_id, "people")), tuple)
_SHOWN = Query(select(ACCOUNT_NAME.c.id, ACCOUNT_NAME.c.name).where(is_in(ACCOUNT_NAME.c.id, "ids")), tuple)
_given = rows_param(ACCOUNT_NAME, "id", "name")
_SHOW = Query(
    insert(ACCOUNT_NAME).from_select(["id", "name"], select(_given.c.id, _given.c.name)).on_conflict_do_nothing(index_elements=["id"]), int
)

_HAS_LEFT = ("inactive_person", "has left and cannot own an open deal; name somebody else")
_NO_OWNER = ("not_an_owner", f"has a role that owns no deals; name somebody who is {', '.join(OWNERS[:-1])} or {OWNERS[-1]}")


@dataclass(frozen=True, slots=True)
class Parties:
    accounts: Mapping[str, UUID]
    people: Mapping[str, UUID]
    teams: Mapping[UUID, UUID | None]
    unfit: Mapping[UUID, tuple[str, str]]
    """People who cannot own an open deal: the code of a refusal, and why."""
    shown: Mapping[UUID, str]
    """The names of accounts as they were first spelled."""
    normal_source: Normal

    def account(self, row: Row) -> tuple[UUID | None, str | None]:
        """The account that the row names, and the name to show.

        That is the known spelling where the row only spells it otherwise.
        """
        id = self.accounts[row.account_key] if row.account_key else None
        if row.account is None:
            return id, None
        known = self.shown.get(id) if id else None
        return id, known if known is not None and compared(known) == compared(row.account) else tidy(row.account)

    def owner(self, row: Row) -> tuple[UUID | None, UUID | None]:
        """The owner that the row names, and the owner's team."""
        id = self.people[row.owner] if row.owner else None
        return id, self.teams.get(id) if id else None

    def source(self, row: Row) -> str | None:
        return row.source and self.normal_source(row.source)


async def named_by(tx: Tx, rows: Sequence[Row]) -> Parties:
    accounts = await names.ids_of(tx, "account", (row.account_key for row in rows if row.account_key))
    people = await names.ids_of(tx, "person", (row.owner for row in rows if row.owner))
    known = await tx.records(_PEOPLE, people=list(people.values())) if people else []
    teams = {r["person_id"]: r["team_id"] for r in known}
    unfit = {r["person_id"]: _NO_OWNER for r in known if r["role"] not in OWNERS}
    unfit |= {r["person_id"]: _HAS_LEFT for r in known if not r["active"]}
    shown = {r["id"]: r["name"] for r in await tx.records(_SHOWN, ids=list(set(accounts.values())))} if accounts else {}
    new: dict[UUID, str] = {}
    for row in rows:
        if row.account and row.account_key and (id := accounts[row.account_key]) not in shown:
            shown[id] = new[id] = tidy(row.account)
    if new:
        ordered = sorted(new)
        await tx.run(_SHOW, id=ordered, name=[new[id] for id in ordered])
    await names.learn(tx, "person", [Known(key, id, tx.now, True) for key, id in people.items() if key != str(id)])
    return Parties(accounts, people, teams, unfit, shown, sources_of(tx))
