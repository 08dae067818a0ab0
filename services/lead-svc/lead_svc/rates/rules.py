"""What finance and sales operations do with exchange rates."""

from collections.abc import Iterable

from lead_svc.rates.record import SUBJECT, Rate
from shared.acts import Act, who
from shared.auth.actor import Actor, Role
from shared.errors import Unmet
from shared.events.rate import RateSet, RateWithdrawn

KEEPERS = who(Role.finance, Role.sales_ops, Role.admin, scope="rates:write")


def _is_there(rate: Rate, _facts: None, _by: Actor) -> Iterable[Unmet]:
    if rate.rate is None:
        yield Unmet("withdrawn", "It has been taken back already; set the day's rate again instead.")


SET = Act(
    of=SUBJECT,
    name="set",
    operation="set_rate",
    who=KEEPERS,
    makes=True,
    tells=(RateSet,),
    says="Sets the rate of a day, or corrects it; what was converted before keeps its rate.",
)
WITHDRAW = Act(
    of=SUBJECT,
    name="withdraw",
    operation="withdraw_rate",
    who=KEEPERS,
    tells=(RateWithdrawn,),
    needs=_is_there,
    refused="The rate cannot be taken back.",
    code="rate_withdrawn",
    says="Takes the rate of a day back; the one before it counts again.",
    asks="Not one that was taken back.",
)
RATE_ACTS = (SET, WITHDRAW)
