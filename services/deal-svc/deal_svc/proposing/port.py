"""Who proposes a package: the rules here, until somebody puts another one in their place.

An outside proposer, such as a model or a configurator that is asked by HTTP, is a function of this shape, named as `PROPOSER`. What it
gives is priced and answered like any other: it says products and quantities, never a price.
"""

from collections.abc import Sequence
from typing import Protocol

from deal_svc.packages import Packages
from deal_svc.proposing import rules
from deal_svc.proposing.record import Offer, Proposed, Wanted


class Proposer(Protocol):
    """From needs, and the offers that there are for them, to lines. Raises `Rejected` where there is no package."""

    async def __call__(self, wanted: Wanted, offers: Sequence[Offer], numbers: Packages) -> Sequence[Proposed]: ...


async def by_rules(wanted: Wanted, offers: Sequence[Offer], numbers: Packages) -> Sequence[Proposed]:
    """By the policy alone, without I/O."""
    return rules.propose(wanted, offers, numbers)


PROPOSER: Proposer = by_rules
