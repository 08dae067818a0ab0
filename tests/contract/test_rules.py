"""The rules without a database: money that neither appears nor vanishes, and who may do what in which state."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contract_svc.contracts.record import Contract, ContractState, Facts, ReviewPart, Section
from contract_svc.contracts.rules import CHANGE
from contract_svc.delivery.rules import ACCEPT, GO_LIVE, TERMINATE
from contract_svc.drafting.rules import sections, terms_of
from contract_svc.milestones import rules as milestone_rules
from contract_svc.milestones.commands import planned
from contract_svc.milestones.record import Milestone, MilestoneState, Term, Trigger
from contract_svc.milestones.rules import WAIVE, balance
from contract_svc.payments.rules import RECEIVE, allocate
from contract_svc.policy import ContractPolicy
from contract_svc.signing.rules import DECLINE, REVIEWS, SEND, SIGN, SUBMIT, VOID, content_hash, review_plans, signature_unmet
from shared.approvals.record import Approval, ApprovalState
from shared.approvals.rules import begun
from shared.auth.actor import Actor, Role
from shared.money import minor_unit
from shared.policy.parts import DEFAULT_PLAN

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)
OWNER = Actor.of(uuid4(), {Role.rep})
DIRECTOR = Actor.of(uuid4(), {Role.director})
FINANCE = Actor.of(uuid4(), {Role.finance})


def contract(**over: Any) -> Contract:
    empty = dict.fromkeys(Contract.__dataclass_fields__)
    made: dict[str, Any] = {
        "id": uuid4(),
        "version": 1,
        "state": ContractState.DRAFT,
        "owner_id": OWNER.id,
        "account_name": "Acme Ltd",
        "content_hash": "0" * 64,
        "total": Decimal(1000),
        "currency": "CNY",
        "fx": Decimal(1),
        "lines": [],
        "sections": {s.value: "text" for s in Section},
        "core_clauses": ["scope", "price_payment", "delivery_acceptance"],
        "signers": [{"name": "Ms Chen", "contact_id": None}],
        "acceptance_days": 30,
        "core_count": 3,
        "review_parts": list(ReviewPart),
    }
    return Contract(**empty | made | over)  # type: ignore[arg-type]


FACTS = Facts(scheduled=Decimal(1000), received=Decimal(0))


def in_review() -> Facts:
    """What acts ask of a contract whose review somebody else asked for."""
    it = contract(state=ContractState.IN_REVIEW)
    approval = Approval(uuid4(), 1, "contract", it.id, "0" * 64, ApprovalState.OPEN, uuid4(), NOW)
    return replace(FACTS, review=begun(approval, review_plans(it), uuid4, None))


SCHEDULE = planned(contract(), terms_of(DEFAULT_PLAN), NOW)
percents = st.lists(st.integers(1, 10_000), min_size=1, max_size=8).map(
    lambda weights: [Decimal(w * 100) / Decimal(sum(weights)).quantize(Decimal(1)) for w in weights]
)
amounts = st.tuples(st.sampled_from(["CNY", "EUR", "JPY", "KWD"]), st.integers(0, 10**14)).map(
    lambda drawn: (drawn[0], drawn[1] * minor_unit(drawn[0]))
)


# -- Money -------------------------------------------------------------------------------------------------------------------


@given(amounts, percents)
def test_milestones_add_up_to_the_last_cent_in_any_currency(drawn: tuple[str, Decimal], shares: list[Decimal]) -> None:
    currency, total = drawn
    terms = [Term(Trigger.SIGNED, p.quantize(Decimal("0.0001")), 30) for p in shares]
    made = planned(contract(total=total, currency=currency), terms, NOW)
    assert sum(m.amount for m in made) == total
    assert all(m.amount % minor_unit(currency) == 0 and m.amount >= 0 for m in made)
    assert [m.position for m in made] == list(range(1, len(terms) + 1))


def test_milestones_are_what_the_terms_say_in_money_where_that_is_the_total() -> None:
    def made(*amounts: str | None) -> list[Decimal]:
        terms = [Term(Trigger.SIGNED, Decimal("33.3333"), 30, None, None if a is None else Decimal(a)) for a in amounts]
        return [m.amount for m in planned(contract(total=Decimal(1000)), terms, NOW)]

    assert made("700", "200.01", "99.99") == [700, Decimal("200.01"), Decimal("99.99")]
    by_share = made(None, None, None)
    assert by_share == [Decimal("333.33"), Decimal("333.33"), Decimal("333.34")]
    assert made("700", "200.01", "99.98") == made("700", "300", None) == by_share, "amounts that are not the total do not count"


@st.composite
def asked_for(draw: st.DrawFn) -> list[Milestone]:
    """Milestones of one contract, some of which have fallen due."""
    made = []
    for position in range(draw(st.integers(1, 6))):
        milestone = replace(SCHEDULE[0], id=UUID(int=position), position=position, amount=Decimal(draw(st.integers(0, 500))), due_days=30)
        if draw(st.booleans()):
            milestone = milestone_rules.fall_due(milestone, NOW + timedelta(days=draw(st.integers(0, 3))), UTC)
        made.append(milestone)
    return made


def paid(milestones: list[Milestone], parts: list[tuple[Milestone, Decimal]], at: datetime = NOW) -> list[Milestone]:
    given_to = {m.id: amount for m, amount in parts}
    return [milestone_rules.pay(m, given_to[m.id], at) if m.id in given_to else m for m in milestones]


@given(asked_for(), st.lists(st.integers(1, 700), max_size=8))
def test_every_cent_of_a_payment_is_allocated_or_credit(milestones: list[Milestone], payments: list[int]) -> None:
    for amount in payments:
        parts, credit = allocate(Decimal(amount), milestones)
        assert sum((part for _, part in parts), credit) == amount
        assert credit >= 0
        assert all(0 < part <= m.outstanding for m, part in parts)
        after = paid(milestones, parts)
        if credit:
            assert not any(m.payable for m in after), "credit while something is asked for"
        skipped = [m for m in after if m.payable]
        last = [m for m, _ in parts][-1:]
        order = [(m.due_at, m.position) for m in milestones if m.id in {s.id for s in skipped} - {x.id for x in last}]
        assert all((m.due_at, m.position) < at for m, _ in parts for at in order), "a younger one was paid first"
        milestones = after
    assert all(m.outstanding >= 0 for m in milestones)


@given(asked_for(), st.integers(1, 3000), st.integers(1, 3000))
def test_a_reversal_restores_exactly(milestones: list[Milestone], first: int, second: int) -> None:
    once = paid(milestones, allocate(Decimal(first), milestones)[0])
    parts, _ = allocate(Decimal(second), once)
    twice = paid(once, parts)
    back = {m.id: amount for m, amount in parts}
    restored = [milestone_rules.take_back(m, back[m.id]) if m.id in back else m for m in twice]
    assert restored == once


@given(asked_for(), st.integers(1, 3000))
def test_a_balance_covers_the_whole(milestones: list[Milestone], money: int) -> None:
    after = paid(milestones, allocate(Decimal(money), milestones)[0])
    after = [milestone_rules.waive(m, NOW) if m.position % 2 and m.outstanding else m for m in after]
    sums = balance(after)
    assert sums.paid + sums.waived + sums.outstanding == sum(m.amount for m in after)
    for m in after:
        settled = m.state in (MilestoneState.PAID, MilestoneState.WAIVED)
        assert settled == (m.settled_at is not None)
        assert not settled or m.outstanding == 0


def test_money_does_not_count_before_it_is_asked_for() -> None:
    asked = milestone_rules.fall_due(SCHEDULE[0], NOW, UTC)
    assert asked.due_day == (NOW + timedelta(days=30)).date()
    early = milestone_rules.pay(asked, asked.amount, NOW - timedelta(days=5))
    assert early.settled_at == NOW
    assert early.state is MilestoneState.PAID


# -- Content -----------------------------------------------------------------------------------------------------------------


def test_the_hash_is_that_of_the_content_and_of_nothing_else() -> None:
    one = contract()
    same = replace(one, id=uuid4(), version=9, total=Decimal("1000.0000"), sections=dict(reversed(one.sections.items())), owner_id=None)
    assert content_hash(one, SCHEDULE) == content_hash(same, SCHEDULE)
    others = [
        content_hash(replace(one, total=Decimal(1001)), SCHEDULE),
        content_hash(replace(one, sections={**one.sections, "scope": "less"}), SCHEDULE),
        content_hash(replace(one, ends_on=date(2027, 1, 1)), SCHEDULE),
        content_hash(replace(one, core_clauses=["scope"]), SCHEDULE),
        content_hash(one, [replace(SCHEDULE[0], due_days=60), *SCHEDULE[1:]]),
    ]
    assert len({content_hash(one, SCHEDULE), *others}) == 6


def test_the_template_fills_all_five_parts() -> None:
    lines = [{"quantity": "10.0000", "name": "CRM suite", "sku": "CRM-1"}]
    dated = [*SCHEDULE, replace(SCHEDULE[0], trigger=Trigger.DATE, due_on=date(2026, 5, 1))]
    texts = sections("Acme Ltd", lines, Decimal("1000.00"), "CNY", dated, ContractPolicy())
    assert SUBMIT.unmet(contract(sections=texts), FACTS, OWNER) == []
    assert "- 10 x CRM suite (CRM-1)" in texts["scope"]
    assert "- 30 %: 300.00 CNY, due 30 days after go-live" in texts["price_payment"]
    assert "30 days after 2026-05-01" in texts["price_payment"]
    assert "within 30 days after go-live" in texts["delivery_acceptance"]
    assert "1 % of the final payment is waived." in texts["delivery_acceptance"]
    assert "during the contract and for 3 years after it." in texts["confidentiality_ip"]


def test_the_text_of_a_contract_has_the_numbers_of_the_policy() -> None:
    policy = ContractPolicy(
        acceptance_days=45, delay_percent=Decimal("0.50"), delay_cap_percent=Decimal(20), negotiation_days=1, confidentiality_years=0
    )
    texts = sections("Acme Ltd", [], Decimal(1), "CNY", [], policy)
    assert "within 45 days after go-live" in texts["delivery_acceptance"]
    assert "0.5 % of the final payment is waived, at most 20 % of it." in texts["delivery_acceptance"]
    assert "within 1 day, the courts" in texts["breach_disputes"]
    assert "during the contract. The supplier keeps" in texts["confidentiality_ip"]
    assert "late" not in sections("Acme Ltd", [], Decimal(1), "CNY", [], ContractPolicy(delay_percent=Decimal(0)))["delivery_acceptance"]


# -- Guards ------------------------------------------------------------------------------------------------------------------

LEGAL = {
    "change": {ContractState.DRAFT},
    "submit": {ContractState.DRAFT},
    "review": {ContractState.IN_REVIEW},
    "send": {ContractState.APPROVED},
    "sign": {ContractState.OUT_FOR_SIGNATURE},
    "decline": {ContractState.OUT_FOR_SIGNATURE},
    "void": {ContractState.DRAFT, ContractState.IN_REVIEW, ContractState.APPROVED, ContractState.OUT_FOR_SIGNATURE, ContractState.SIGNED},
    "go_live": {ContractState.ACTIVE},
    "accept": {ContractState.ACTIVE},
    "terminate": {ContractState.ACTIVE},
    "pay": {ContractState.SIGNED, ContractState.ACTIVE, ContractState.COMPLETED, ContractState.TERMINATED},
    "waive": {ContractState.SIGNED, ContractState.ACTIVE, ContractState.COMPLETED, ContractState.TERMINATED},
}


@pytest.mark.parametrize("state", ContractState)
def test_each_step_is_possible_in_its_states_only(state: ContractState) -> None:
    it = contract(state=state)
    live = replace(it, live_on=date(2026, 3, 1))
    unmet = {
        "change": CHANGE.unmet(it, None, DIRECTOR),
        "submit": SUBMIT.unmet(it, FACTS, DIRECTOR),
        "review": REVIEWS[ReviewPart.MANAGER].unmet(it, in_review(), DIRECTOR),
        "send": SEND.unmet(it, None, DIRECTOR),
        "sign": SIGN.unmet(it, None, DIRECTOR),
        "decline": DECLINE.unmet(it, None, DIRECTOR),
        "void": VOID.unmet(it, FACTS, DIRECTOR),
        "go_live": GO_LIVE.unmet(it, None, DIRECTOR),
        "accept": ACCEPT.unmet(live, None, DIRECTOR),
        "terminate": TERMINATE.unmet(it, None, DIRECTOR),
        "pay": RECEIVE.unmet(it, None, FINANCE),
        "waive": WAIVE.unmet(SCHEDULE[0], it, FINANCE),
    }
    assert {step for step, guards in unmet.items() if not guards} == {step for step, states in LEGAL.items() if state in states}
    assert all(u.code == "wrong_state" for guards in unmet.values() for u in guards)


@pytest.mark.parametrize("part", ReviewPart)
@pytest.mark.parametrize("role", [r for r in Role if r is not Role.system])
def test_a_part_is_reviewed_by_its_roles_only(part: ReviewPart, role: Role) -> None:
    leading = {Role.manager, Role.regional_head, Role.director}
    roles = {ReviewPart.LEGAL: {Role.legal}, ReviewPart.FINANCE: {Role.finance}, ReviewPart.MANAGER: leading}
    by = Actor.of(uuid4(), {role})
    assert REVIEWS[part].who.may_ever(by) == (role in roles[part])
    assert (not REVIEWS[part].unmet(contract(state=ContractState.IN_REVIEW), in_review(), by)) == (role in roles[part])


def test_a_schedule_that_does_not_add_up_is_not_submitted() -> None:
    short = Facts(scheduled=sum((m.amount for m in SCHEDULE[:2]), Decimal(0)), received=Decimal(0))
    assert [u.code for u in SUBMIT.unmet(contract(), short, OWNER)] == ["schedule"]


def test_signatures_are_checked_against_what_was_sent() -> None:
    it = contract(sign_by=date(2026, 3, 31), ends_on=date(2027, 3, 1))
    others = [{"name": "Somebody", "contact_id": None}]
    good = signature_unmet(it, it.signers, date(2026, 3, 31), date(2026, 4, 1), date(2027, 3, 1))
    bad = signature_unmet(it, others, date(2026, 4, 1), date(2027, 4, 1), date(2027, 3, 2))
    assert good == []
    assert {u.code for u in bad} == {"signatures", "deadline", "approved_dates", "ends_before_start"}
