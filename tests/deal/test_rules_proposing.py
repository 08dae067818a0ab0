"""Which package is proposed, without I/O: what belongs to it, how many, as what, and what the budget leaves."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid5

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deal_svc.catalog.record import Product
from deal_svc.packages import PackagePart, Packages
from deal_svc.proposing.needs import line_of, users_in
from deal_svc.proposing.record import Offer, Proposed, ReasonCode, Wanted
from deal_svc.proposing.rules import propose
from shared.errors import Rejected

NOW = datetime(2026, 3, 2, tzinfo=UTC)
NUMBERS = Packages()


def id_of(sku: str) -> UUID:
    return uuid5(UUID(int=0), sku)


def offer(
    sku: str, family: str | None, price: str, tiers: Mapping[int, str] | None = None, parts: Mapping[str, int] | None = None, **over: Any
) -> Offer:
    kept: dict[str, Any] = dict.fromkeys(Product.__dataclass_fields__) | {"lead_days": 0, "active": True} | over
    product = Product(**kept | {"id": id_of(sku), "sku": sku, "name": sku, "line": "Orders", "family": family})
    steps = [(Decimal(0), Decimal(price)), *((Decimal(n), Decimal(each)) for n, each in (tiers or {}).items())]
    return Offer(product, steps, {id_of(part): Decimal(n) for part, n in (parts or {}).items()})


CORE, USERS, LAUNCH = offer("CORE", "core", "60000"), offer("USER", "users", "900", {50: "720"}), offer("LAUNCH", "launch", "20000")


def wanted(*needs: str, users: int | None = None, budget: str | None = None) -> Wanted:
    return Wanted("Orders", "CNY", needs, users, None if budget is None else Decimal(budget))


def lines(proposed: Sequence[Proposed], *, optional: bool = False) -> dict[str, str]:
    names = {id_of(sku): sku for sku in ("CORE", "USER", "LAUNCH", "PACK", "OTHER")}
    return {names[one.product_id]: f"{one.quantity:f}" for one in proposed if one.optional is optional}


def reasons(proposed: Sequence[Proposed], sku: str) -> list[ReasonCode]:
    return [why.code for one in proposed if one.product_id == id_of(sku) for why in one.reasons]


def test_a_package_has_what_the_needs_ask_for_and_as_many_as_will_use_it() -> None:
    found = propose(wanted("Training for everybody", users=30), [CORE, USERS, LAUNCH], NUMBERS)
    assert lines(found) == {"CORE": "1", "USER": "30", "LAUNCH": "1"}
    assert reasons(found, "CORE") == [ReasonCode.ALWAYS]
    assert reasons(found, "USER") == [ReasonCode.ALWAYS, ReasonCode.USERS]
    assert reasons(found, "LAUNCH") == [ReasonCode.NEED]


def test_what_nobody_asks_for_is_offered_beside_it_while_it_costs_little() -> None:
    cheap, dear = offer("LAUNCH", "launch", "15225"), offer("LAUNCH", "launch", "15226")
    assert lines(propose(wanted(users=1), [CORE, USERS, cheap], NUMBERS), optional=True) == {"LAUNCH": "1"}
    assert lines(propose(wanted(users=1), [CORE, USERS, dear], NUMBERS), optional=True) == {}


def test_a_pack_serves_several_and_an_unknown_number_begins_with_one() -> None:
    packs = Packages(parts=(PackagePart(family="users", serves=25),))
    assert lines(propose(wanted(users=51), [USERS], packs)) == {"USER": "3"}
    unknown = propose(wanted(), [USERS], packs)
    assert lines(unknown) == {"USER": "1"}
    assert reasons(unknown, "USER") == [ReasonCode.ALWAYS, ReasonCode.USERS_UNKNOWN]


@pytest.mark.parametrize(("users", "quantity"), [(39, "39"), (40, "50"), (49, "50"), (50, "50"), (51, "51")])
def test_the_next_quantity_is_taken_where_it_costs_no_more(users: int, quantity: str) -> None:
    """50 for 720 each are 36000, as are 40 for 900."""
    found = propose(wanted(users=users), [CORE, USERS], NUMBERS)
    assert lines(found)["USER"] == quantity
    assert (ReasonCode.TIER in reasons(found, "USER")) == (quantity != str(users))


def test_a_bundle_is_taken_where_it_costs_less_and_leaves_the_rest_of_the_quantity() -> None:
    cheaper = offer("PACK", "suite", "66000", parts={"CORE": 1, "USER": 20})
    found = propose(wanted(users=30), [CORE, USERS, cheaper], NUMBERS)
    assert lines(found) == {"PACK": "1", "USER": "10"}
    assert reasons(found, "PACK") == [ReasonCode.BUNDLE]
    assert "12000.00 CNY" in found[0].reasons[0].says
    dearer = offer("PACK", "suite", "78001", parts={"CORE": 1, "USER": 20})
    assert lines(propose(wanted(users=30), [CORE, USERS, dearer], NUMBERS)) == {"CORE": "1", "USER": "30"}


def test_a_bundle_is_not_offered_its_own_parts_beside_it() -> None:
    bundle = offer("PACK", "suite", "61000", parts={"CORE": 1, "USER": 20, "LAUNCH": 1})
    found = propose(wanted(users=10), [CORE, USERS, replace_price(LAUNCH, "100"), bundle], NUMBERS)
    assert (lines(found), lines(found, optional=True)) == ({"PACK": "1"}, {})


def replace_price(one: Offer, price: str) -> Offer:
    return Offer(one.product, [(Decimal(0), Decimal(price))], one.parts)


def test_what_is_not_essential_stands_beside_the_package_where_the_budget_does_not_reach() -> None:
    small = replace_price(LAUNCH, "10000")
    found = propose(wanted("migration", users=10, budget="69000"), [CORE, USERS, small], NUMBERS)
    assert (lines(found), lines(found, optional=True)) == ({"CORE": "1", "USER": "10"}, {"LAUNCH": "1"})
    assert reasons(found, "LAUNCH") == [ReasonCode.NEED, ReasonCode.OVER_BUDGET]
    enough = propose(wanted("migration", users=10, budget="79000"), [CORE, USERS, small], NUMBERS)
    assert lines(enough) == {"CORE": "1", "USER": "10", "LAUNCH": "1"}


def test_the_policy_says_how_much_of_the_budget_may_be_spent() -> None:
    with pytest.raises(Rejected, match=r"comes to 69000\.00 CNY before discounts and tax, and 68999\.99 CNY may be spent") as refused:
        propose(wanted(users=10, budget="68999.99"), [CORE, USERS, LAUNCH], NUMBERS)
    assert refused.value.code == "nothing_fits_budget"
    more = Packages(budget_percent=Decimal(101))
    assert lines(propose(wanted(users=10, budget="68999.99"), [CORE, USERS, LAUNCH], more)) == {"CORE": "1", "USER": "10"}


def test_a_package_of_nothing_essential_is_refused_and_not_emptied() -> None:
    spare = Packages(parts=(PackagePart(family="core", essential=False),))
    with pytest.raises(Rejected) as refused:
        propose(wanted(budget="1"), [CORE], spare)
    assert refused.value.code == "nothing_fits_budget"


def test_what_is_in_stock_goes_before_what_is_cheaper_and_what_is_short_says_so() -> None:
    gone = offer("OTHER", "core", "100", stock=Decimal(0))
    assert "CORE" in lines(propose(wanted(users=1), [gone, CORE, USERS], NUMBERS))
    alone = propose(wanted(users=1), [gone, USERS], NUMBERS)
    assert ReasonCode.SHORT in reasons(alone, "OTHER")
    assert ReasonCode.LATER in reasons(propose(wanted(), [offer("CORE", "core", "1", lead_days=14)], NUMBERS), "CORE")


def test_where_the_policy_names_no_family_it_is_the_cheapest_product_of_the_line() -> None:
    found = propose(wanted(users=5), [offer("CORE", None, "300"), offer("OTHER", "spare parts", "200")], NUMBERS)
    assert lines(found) == {"OTHER": "1"}
    assert reasons(found, "OTHER") == [ReasonCode.MAIN]


def test_nothing_that_is_priced_is_refused() -> None:
    with pytest.raises(Rejected, match="product line Orders has a price in CNY") as refused:
        propose(wanted(), [], NUMBERS)
    assert refused.value.code == "nothing_priced"


@given(
    st.lists(
        st.tuples(st.sampled_from(("CORE", "USER", "LAUNCH", "OTHER")), st.integers(1, 10_000)), min_size=1, unique_by=lambda one: one[0]
    ),
    st.integers(1, 500),
    st.integers(1, 3_000_000),
    st.booleans(),
)
def test_the_same_is_proposed_again_within_the_budget_and_with_a_reason_for_each_line(
    priced: list[tuple[str, int]], users: int, budget: int, bundled: bool
) -> None:
    families = {"CORE": "core", "USER": "users", "LAUNCH": "launch", "OTHER": None}
    offers = [offer(sku, families[sku], str(price), {30: str(max(1, price - 1))}) for sku, price in priced]
    if bundled:
        offers.append(offer("PACK", "suite", "5000", parts={sku: 2 for sku, _ in priced}))
    asked = wanted("training", users=users, budget=str(budget))
    found = answered(asked, offers)
    assert found == answered(asked, list(reversed(offers)))
    if isinstance(found, str):
        assert found == "nothing_fits_budget"
        return
    known = {one.product.id: one for one in offers}
    assert sum(known[one.product_id].amount(one.quantity) for one in found if not one.optional) <= budget
    assert all(one.reasons and one.quantity > 0 for one in found)
    assert any(not one.optional for one in found)


def answered(asked: Wanted, offers: Sequence[Offer]) -> list[Proposed] | str:
    """The package, or the code of the refusal."""
    try:
        return propose(asked, offers, NUMBERS)
    except Rejected as refused:
        return refused.code


# -- What words say ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("said", "users"),
    [
        ("120 users by summer", 120),
        ("for 1,200 people", 1200),
        ("一共 80 个用户", 80),
        ("约300人使用", 300),
        ("nine days late, 3 systems", None),
        ("0 users", None),
        ("99999999999 users", None),
    ],
)
def test_how_many_will_use_it_is_read_from_the_needs(said: str, users: int | None) -> None:
    assert users_in(["Orders are late.", said]) == users


@pytest.mark.parametrize(
    ("asked", "interest", "need", "line"),
    [
        ("orders", "Portal", "", "Orders"),
        (None, "portal", "they speak of orders", "Portal"),
        (None, "something", "The orders plus package", "Orders Plus"),
        (None, None, "a PORTAL for them", "Portal"),
    ],
)
def test_the_product_line_is_asked_for_or_known_or_named(asked: str | None, interest: str | None, need: str, line: str) -> None:
    assert line_of(asked, interest, [need], ["Orders", "Orders Plus", "Portal"]) == line


def test_a_product_line_that_nobody_names_is_asked_for_unless_there_is_one_only() -> None:
    assert line_of(None, None, ["anything"], ["Orders"]) == "Orders"
    for asked, lines, code in (
        (None, ["Orders", "Portal"], "no_product_line"),
        (None, [], "no_product_line"),
        ("Tea", ["Orders"], "no_such_line"),
    ):
        with pytest.raises(Rejected) as refused:
            line_of(asked, None, ["anything"], lines)
        assert refused.value.code == code
