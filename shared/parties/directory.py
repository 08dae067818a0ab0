"""The reader that keeps a service's directory of parties.

What tells what a party is now says it whole, under a version, so it may come late, twice or in another order. It is read from the
beginning of the log: a service that has just got its directory learns of everybody.
"""

from shared.events.envelope import REGISTRY
from shared.events.party import AccountTold
from shared.events.team import PersonTold
from shared.log.reactions import Take
from shared.log.readers import Reader, folding
from shared.parties import accounts, people

KINDS = tuple(kind for kind in REGISTRY.values() if issubclass(kind, AccountTold | PersonTold))
"""The events that say what a party is now."""


def reader(*also: Take) -> Reader:
    """What keeps the directory, and then does `also` with what it has just heard, in the same transaction."""
    return folding("parties", people.hear, KINDS, accounts.hear, *also, ends=("deal-accounts", "deal-names"))
