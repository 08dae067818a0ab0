"""Who sees what, told once more by the simplest of means: the table of the design, and nothing of the code under test.

| roles | leads | accounts, contacts | deals, quotes | contracts, cash |
|---|---|---|---|---|
| rep, kam | own, pool | own | own | own |
| manager, regional_head | tree, pool | tree | tree | tree |
| director, admin, sales_ops | all | all | all | all |
| ops | all masked | all masked | all | all |
| presales, assistant, product | tree | - | tree | tree |
| marketing | all | all | - | - |
| csm | - | own | own, and won ones of own accounts | of own accounts |
| legal | - | - | in approval | all |
| finance | - | - (masked) | in approval | all |
| support | - (masked) | - (masked) | - (masked) | - (masked) |
| auditor | all masked | all masked | all masked | all masked |
| service | by its scopes, masked ||||

Besides, whatever the role: own is what somebody owns, has a part in, or entered for others or for the pool; and whoever
sees a record of a customer sees the account and its contacts. Of a contract, a part in its deal counts.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from tests.isolation.people import PEOPLE, Person, teams_above

KINDS = ("lead", "account", "deal", "contract")
WORK = ("lead", "deal", "contract")
"""What open work is about."""
ALL = {
    "lead": {"director", "admin", "sales_ops", "ops", "marketing", "auditor"},
    "account": {"director", "admin", "sales_ops", "ops", "marketing", "auditor"},
    "deal": {"director", "admin", "sales_ops", "ops", "auditor"},
    "contract": {"director", "admin", "sales_ops", "ops", "legal", "finance", "auditor"},
}
TREE = {"manager", "regional_head"}
HELPERS = {"presales", "assistant", "product"}
POOL = {"rep", "kam", "manager", "regional_head"}
MASKED = {
    "lead": {"ops", "support", "auditor", "service"},
    "account": {"ops", "finance", "support", "auditor", "service"},
    "deal": {"support", "auditor", "service"},
    "contract": {"support", "auditor", "service"},
    "work": set(),
}
SEES_SOME = {  # apart from what is their own
    "lead": ALL["lead"] | POOL | HELPERS,
    "account": ALL["account"] | POOL | HELPERS | {"csm", "legal", "finance"},
    "deal": ALL["deal"] | POOL | HELPERS | {"csm", "legal", "finance"},
    "contract": ALL["contract"] | POOL | HELPERS | {"csm"},
    "work": set(),
}
SCOPES = {"lead": {"leads"}, "account": {"accounts", "leads"}, "deal": {"deals"}, "contract": {"contracts", "payments"}}


@dataclass(frozen=True)
class Record:
    kind: str
    id: str
    owner: str | None
    """The key of a person."""
    account: str | None
    state: str = ""
    deal: str | None = None
    parts: frozenset[str] = frozenset()
    """Keys of who entered it for others, and of its team."""


@dataclass
class Known:
    """All records there are."""

    records: dict[str, Record] = field(default_factory=dict)
    teams: dict[str, str | None] = field(default_factory=dict)
    """Of each person on the roster, by key."""
    in_approval: set[str] = field(default_factory=set)
    """The deals whose contract is in review."""

    def visible(self, person: Person, kind: str) -> set[str]:
        kinds = WORK if kind == "work" else (kind,)
        return {id for id, record in self.records.items() if record.kind in kinds and self.sees(person, record)}

    def sees(self, person: Person, record: Record) -> bool:
        if self._sees(person, record):
            return True
        return record.kind == "account" and any(self._sees(person, other) for other in self._of_account(record.id))

    def is_below(self, person: Person, owner: str | None) -> bool:
        """Whether the owner is in the person's team, or in one below it."""
        team = self.teams.get(person.key)
        return owner is not None and team is not None and team in teams_above(self.teams.get(owner))

    def _of_account(self, account: str) -> Iterator[Record]:
        return (r for r in self.records.values() if r.account == account and r.kind != "account")

    def _sees(self, person: Person, record: Record) -> bool:
        roles, kind = set(person.roles), record.kind
        if roles & ALL[kind] or {scope.partition(":")[0] for scope in person.scopes} & SCOPES[kind]:
            return True
        if self._is_own(person, record):
            return True
        above = TREE | (HELPERS if kind != "account" else set())
        if roles & above and self.is_below(person, record.owner):
            return True
        if kind == "lead" and record.owner is None and roles & POOL:
            return True
        if "csm" in roles and record.account and self._is_own(person, self.records[record.account]):
            return kind == "contract" or (kind == "deal" and record.state == "won")
        return kind == "deal" and record.id in self.in_approval and bool(roles & {"legal", "finance"})

    def _is_own(self, person: Person, record: Record) -> bool:
        deal = self.records.get(record.deal or "")
        of_deal = () if deal is None else deal.parts if record.kind == "contract" else (deal.owner,)  # who owns a deal reads its leads
        return person.key == record.owner or person.key in record.parts or person.key in of_deal


def is_masked(person: Person, kind: str) -> bool:
    """Of several roles one that sees the kind unmasked is enough."""
    roles = set(person.roles)
    return not ((roles & SEES_SOME[kind]) or roles) - MASKED[kind]


def masked_people(kind: str, among: Iterable[Person] = PEOPLE.values()) -> list[Person]:
    return [person for person in among if is_masked(person, kind)]
