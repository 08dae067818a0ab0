"""The company of the isolation test: who is in which team, with which roles. Two regions, and offices beside them."""

from dataclasses import dataclass

TEAMS: dict[str, str | None] = {
    "company": None,
    "sales": "company",
    "east": "sales",
    "east-one": "east",
    "east-two": "east",
    "west": "sales",
    "west-one": "west",
    "care": "company",
    "office": "company",
}
"""Each team and the one above; parents come before children."""


@dataclass(frozen=True)
class Person:
    key: str
    roles: tuple[str, ...]
    team: str | None = None
    """None for somebody whom the roster does not know, and for machines."""
    active: bool = True
    scopes: tuple[str, ...] = ()

    @property
    def token(self) -> str:
        """The role and scopes as the tests' verifier reads them."""
        scopes = "+".join(scope.replace(":", ".") for scope in self.scopes)
        return "+".join(self.roles) + (f"={scopes}" if scopes else "")


PEOPLE = {
    person.key: person
    for person in (
        Person("adm", ("admin",), "office"),
        Person("dir", ("director",), "company"),
        Person("rhe", ("regional_head",), "east"),
        Person("rhw", ("regional_head",), "west"),
        Person("max", ("manager",), "east-one"),
        Person("mia", ("manager",), "east-two"),
        Person("wim", ("manager",), "west-one"),
        Person("ann", ("rep",), "east-one"),
        Person("bob", ("rep",), "east-one"),
        Person("eve", ("rep",), "east-two"),
        Person("wes", ("rep",), "west-one"),
        Person("kim", ("kam",), "west-one"),
        Person("cas", ("csm",), "care"),
        Person("cam", ("csm",), "care"),
        Person("pre", ("presales",), "east-one"),
        Person("asa", ("assistant",), "west-one"),
        Person("pro", ("product",), "east"),
        Person("mar", ("marketing",), "office"),
        Person("sup", ("support",), "care"),
        Person("leg", ("legal",), "office"),
        Person("fin", ("finance",), "office"),
        Person("ops", ("ops",), "office"),
        Person("sao", ("sales_ops",), "office"),
        Person("aud", ("auditor",), "office"),
        Person("duo", ("rep", "auditor"), "east-two"),
        Person("two", ("kam", "finance"), "west-one"),
        Person("lone", ("manager",)),
        Person("guest", ("rep",)),
        Person("gone", ("rep",), "east-one", active=False),
        Person("shop", ("service",), scopes=("leads:write",)),
        Person("bank", ("service",), scopes=("contracts:read", "payments:write")),
        Person("bare", ("service",), scopes=("nothing:read",)),
    )
}


def teams_above(team: str | None) -> list[str]:
    """The team and all above it."""
    above = []
    while team is not None:
        above.append(team)
        team = TEAMS[team]
    return above
