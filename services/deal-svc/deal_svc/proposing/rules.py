"""Which package is proposed by rule. Pure: the same needs, prices and policy give the same package.

Of each part that the policy names the cheapest product that is in stock; a bundle where it costs less; the next quantity where it costs no
more; parts that are not essential beside the package where the budget does not reach.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from decimal import ROUND_CEILING, Decimal

from deal_svc.packages import PackagePart, Packages
from deal_svc.proposing.record import Offer, Proposed, Reason, ReasonCode, Wanted
from shared.errors import Rejected
from shared.money import in_minor_units

HUNDRED, ONE = Decimal(100), Decimal(1)


@dataclass(frozen=True, slots=True)
class _Choice:
    """A product for a part of the package, and why."""

    offer: Offer
    quantity: Decimal
    essential: bool
    needed: bool
    reasons: tuple[Reason, ...]

    @property
    def amount(self) -> Decimal:
        return self.offer.amount(self.quantity)

    def why(self, code: ReasonCode, says: str) -> "_Choice":
        return replace(self, reasons=(*self.reasons, Reason(code, says)))


def propose(wanted: Wanted, offers: Sequence[Offer], numbers: Packages) -> list[Proposed]:
    """The lines of the package, and the optional ones behind them.

    `Rejected`: there are no offers (`nothing_priced`), or the least of it is more than the budget (`nothing_fits_budget`).
    """
    if not offers:
        says = f"Nothing of the product line {wanted.line} has a price in {wanted.currency} for this customer today."
        raise Rejected(f"{says} Operations keep the price lists.", code="nothing_priced")
    found = [choice for part in numbers.parts if (choice := _choice(part, offers, wanted))]
    needed = [choice for choice in found if choice.needed] or [_main(offers)]
    limit = None if wanted.budget is None else wanted.budget * numbers.budget_percent / HUNDRED
    package, left_out = _within(needed, offers, limit, wanted.currency)
    says = f"It does not fit into the budget of {_money(wanted.budget or Decimal(0), wanted.currency)}."
    beside = [choice.why(ReasonCode.OVER_BUDGET, says) for choice in left_out]
    beside += [choice for choice in found if not choice.needed]
    most = _sum(package) * numbers.optional_percent / HUNDRED
    covered = {product for choice in package for product in (choice.offer.product.id, *choice.offer.parts)}
    optional = [choice for choice in beside if choice.offer.product.id not in covered and choice.amount <= most]
    return [*(_line(choice, optional=False) for choice in package), *(_line(choice, optional=True) for choice in optional)]


# -- One part ----------------------------------------------------------------------------------------------------------------


def _choice(part: PackagePart, offers: Sequence[Offer], wanted: Wanted) -> _Choice | None:
    of_family = [offer for offer in offers if (offer.product.family or "").casefold() == part.family.casefold()]
    if not of_family:
        return None
    quantity, how_many = _quantity(part, wanted)
    offer = min(of_family, key=lambda offer: (_short(offer, quantity), offer.amount(quantity), offer.product.sku))
    text = "\n".join(wanted.needs).casefold()
    word = next((word for word in part.words if word.casefold() in text), None)
    if word:
        why = Reason(ReasonCode.NEED, f"The needs say: {word}.")
    elif part.words:
        why = Reason(ReasonCode.WORTH_ADDING, f"The needs do not ask for it; the family {part.family} goes well with the package.")
    else:
        why = Reason(ReasonCode.ALWAYS, f"Every package has something of the family {part.family}.")
    return _Choice(offer, quantity, part.essential, bool(word) or not part.words, (why, *how_many))


def _quantity(part: PackagePart, wanted: Wanted) -> tuple[Decimal, Sequence[Reason]]:
    if part.serves is None:
        return ONE, ()
    if wanted.users is None:
        return ONE, (Reason(ReasonCode.USERS_UNKNOWN, "Nobody has said how many people will use it: one to begin with."),)
    units = (Decimal(wanted.users) / part.serves).to_integral_value(ROUND_CEILING)
    return units, (Reason(ReasonCode.USERS, f"For {wanted.users} people, {part.serves} each."),)


def _main(offers: Sequence[Offer]) -> _Choice:
    """Where the policy names no family of the line: its cheapest product."""
    offer = min(offers, key=lambda offer: (_short(offer, ONE), offer.amount(ONE), offer.product.sku))
    says = "The policy names no family of this product line: it is the cheapest product of it."
    return _Choice(offer, ONE, True, True, (Reason(ReasonCode.MAIN, says),))


def _short(offer: Offer, quantity: Decimal) -> bool:
    return offer.product.stock is not None and offer.product.stock < quantity


# -- The package -------------------------------------------------------------------------------------------------------------


def _within(
    needed: Sequence[_Choice], offers: Sequence[Offer], limit: Decimal | None, currency: str
) -> tuple[Sequence[_Choice], Sequence[_Choice]]:
    """The largest package that the limit allows, and what is left out of it: the last that is not essential goes first."""
    spare = [choice for choice in needed if not choice.essential]
    for n in range(min(len(spare) + 1, len(needed))):
        left_out = spare[len(spare) - n :]
        package = _bundled([choice for choice in needed if choice not in left_out], offers, currency)
        if limit is None or _sum(package) <= limit:
            return package, left_out
    least = f"The least that would do comes to {_money(_sum(package), currency)} before discounts and tax"
    raise Rejected(f"{least}, and {_money(limit or Decimal(0), currency)} may be spent.", code="nothing_fits_budget")


def _bundled(choices: Sequence[_Choice], offers: Sequence[Offer], currency: str) -> list[_Choice]:
    """The choices, or a bundle and what it leaves of them, whichever costs less; each in its best quantity."""
    plain = [_stepped(choice) for choice in choices]
    bundles = sorted((offer for offer in offers if offer.parts), key=lambda offer: offer.product.sku)
    found = [plain, *(_with_bundle(choices, plain, bundle, currency) for bundle in bundles)]
    return min(found, key=_sum)


def _with_bundle(choices: Sequence[_Choice], plain: Sequence[_Choice], bundle: Offer, currency: str) -> list[_Choice]:
    if not any(choice.offer.product.id in bundle.parts for choice in choices):
        return list(plain)
    left = [(choice, choice.quantity - bundle.parts.get(choice.offer.product.id, Decimal(0))) for choice in choices]
    rest = [_stepped(replace(choice, quantity=quantity)) for choice, quantity in left if quantity > 0]
    saved = _sum(plain) - bundle.amount(ONE) - _sum(rest)
    why = Reason(ReasonCode.BUNDLE, f"It costs {_money(saved, currency)} less than its parts one by one.")
    return [_Choice(bundle, ONE, True, True, (why,)), *rest]


def _stepped(choice: _Choice) -> _Choice:
    """A larger quantity where it costs no more than this one."""
    for begins, _ in choice.offer.steps:
        if begins > choice.quantity and choice.offer.amount(begins) <= choice.amount:
            says = f"{_plain(begins)} cost no more than {_plain(choice.quantity)}: the price falls from there on."
            choice = replace(choice, quantity=begins).why(ReasonCode.TIER, says)
    return choice


def _sum(choices: Sequence[_Choice]) -> Decimal:
    return sum((choice.amount for choice in choices), Decimal(0))


# -- The answer --------------------------------------------------------------------------------------------------------------


def _line(choice: _Choice, *, optional: bool) -> Proposed:
    return Proposed(choice.offer.product.id, choice.quantity, (*choice.reasons, *_delivery(choice)), optional)


def _delivery(choice: _Choice) -> Iterator[Reason]:
    product = choice.offer.product
    if product.stock is not None and _short(choice.offer, choice.quantity):
        yield Reason(ReasonCode.SHORT, f"{_plain(product.stock)} are in stock.")
    if product.lead_days:
        yield Reason(ReasonCode.LATER, f"It can be delivered {product.lead_days} days after the order.")


def _money(amount: Decimal, currency: str) -> str:
    return f"{in_minor_units(amount, currency)} {currency}"


def _plain(number: Decimal) -> str:
    return f"{number.normalize():f}"
