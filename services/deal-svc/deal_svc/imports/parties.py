"""The accounts, owners and sources that rows of an import name, whatever the spelling, and the owners' teams."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from deal_svc.imports.form import Row
from shared.auth.actor import OWNERS
from shared.db.tx import Tx
from shared.parties import accounts as directory
from shared.parties import people as roster
from shared.parties import references
from shared.parties.merges import survivors
from shared.parties.references import Known, made_id
from shared.policy.company import sources_of
from shared.spelling import Normal, compared, tidy

_HAS_LEFT = ("inactive_person", "has left and cannot own an open deal; name somebody else")
_NO_OWNER = ("not_an_owner", f"has a role that owns no deals; name somebody who is {', '.join(OWNERS[:-1])} or {OWNERS[-1]}")


@dataclass(frozen=True, slots=True)
class Parties:
    accounts: Mapping[str, UUID]
    people: Mapping[str, UUID]
    teams: Mapping[UUID, UUID | None]
    survivors: Collection[UUID]
    """Those of the accounts that have taken over the one that a row names."""
    unfit: Mapping[UUID, tuple[str, str]]
    """People who cannot own an open deal: the code of a refusal, and why."""
    shown: Mapping[UUID, str]
    """The names of accounts as they were first spelled."""
    leads: Mapping[str, UUID]
    normal_source: Normal

    def account(self, row: Row) -> tuple[UUID | None, str | None]:
        """The account that the row names, and the name to show.

        That is the known spelling where the row only spells it otherwise.
        """
        id = self.accounts[row.account_key] if row.account_key else None
        if row.account is None:
            return id, None
        known = self.shown.get(id) if id else None
        if id in self.survivors:
            return id, known or tidy(row.account)
        return id, known if known is not None and compared(known) == compared(row.account) else tidy(row.account)

    def owner(self, row: Row) -> tuple[UUID | None, UUID | None]:
        """The owner that the row names, and the owner's team."""
        id = self.people[row.owner] if row.owner else None
        return id, self.teams.get(id) if id else None

    def lead(self, row: Row) -> UUID | None:
        """The lead that the row names, or the one that it was merged into."""
        return self.leads[row.lead_external_id] if row.lead_external_id else None

    def source(self, row: Row) -> str | None:
        return row.source and self.normal_source(row.source)


async def named_by(tx: Tx, rows: Sequence[Row]) -> Parties:
    accounts = await references.ids_of(tx, "account", (row.account_key for row in rows if row.account_key))
    accounts, taken_over = await _now(tx, "account", accounts)
    named = {key: made_id("lead", key) for row in rows if (key := row.lead_external_id)}
    leads, _ = await _now(tx, "lead", named)
    people = await references.ids_of(tx, "person", (row.owner for row in rows if row.owner))
    known = await roster.standings(tx, list(people.values()))
    teams = {id: one.team_id for id, one in known.items()}
    unfit = {id: _HAS_LEFT if not one.active else _NO_OWNER for id, one in known.items() if not one.active or one.role not in OWNERS}
    shown = await directory.names_of(tx, list(set(accounts.values())))
    new: dict[UUID, str] = {}
    for row in rows:
        if row.account and row.account_key and (id := accounts[row.account_key]) not in shown:
            shown[id] = new[id] = tidy(row.account)
    await directory.name(tx, new)
    await references.learn(tx, "person", [Known(key, id, tx.now, True) for key, id in people.items() if key != str(id)])
    return Parties(accounts, people, teams, taken_over, unfit, shown, leads, sources_of(tx))


async def _now(tx: Tx, party: str, named: Mapping[str, UUID]) -> tuple[dict[str, UUID], Collection[UUID]]:
    """The records that keys name, each as the one that it was merged into; and those that have taken over others."""
    now = await survivors(tx, party, set(named.values()))
    return {key: now.get(id, id) for key, id in named.items()}, set(now.values())
