"""The lead's rules, without I/O: which paths are legal, what BANT and grades say, whose turn it is."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from lead_svc.capture.rules import NewLead, changes_to, fresh, odd_flags, own_data
from lead_svc.conversion.rules import CONVERT
from lead_svc.interactions.fields import Direction, Outcome
from lead_svc.interactions.rules import counts, responded, takes_up_again, working_day
from lead_svc.leads import rules
from lead_svc.leads.commands import disqualification, reactivation
from lead_svc.leads.record import Grade, Lead, Reason, State
from lead_svc.leads.rules import ASSIGN, DECLARE_MQL, DISQUALIFY, NURTURE, REACTIVATE
from lead_svc.policy import Bant as Numbers
from lead_svc.policy import LeadPolicy, Profile
from lead_svc.qualification.rules import QUALIFY, Bant, Dimension, bant_unmet, findings, grade, score
from lead_svc.team.rules import below, move_unmet, path_of
from shared.acts import Act
from shared.auth import SYSTEM, Actor, Role
from shared.auth.actor import LEADERS, OWNERS
from shared.errors import Unmet
from shared.masking import masked_email, masked_name, masked_phone
from shared.policy.calendar import calendar_of
from shared.policy.company import CompanyPolicy
from shared.spelling import normal_source

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)  # a Monday
ANN, BOB = uuid4(), uuid4()


def actor(role: Role, id: UUID = ANN) -> Actor:
    return Actor.of(id, {role})


def lead(**has: object) -> Lead:
    return replace(fresh(uuid4(), None, NOW), captured_at=NOW, imported=False, **{"owner_id": ANN, **has})  # type: ignore[arg-type]


def bant(*confirmed: str, months: int | None = None) -> dict[str, dict[str, object]]:
    return {d: {"status": "confirmed", "evidence": None, "months": months if d == "timeline" else None} for d in confirmed}


def codes(unmet: list[Unmet]) -> set[str]:
    return {u.code for u in unmet}


def unmet(act: Act[Lead, LeadPolicy], lead: Lead, by: Actor) -> list[Unmet]:
    """What stands in the way of an act, with what says that the actor's roles never may."""
    never = [] if act.who.may_ever(by) else [Unmet("forbidden", "Never.")]
    return [*never, *act.unmet(lead, POLICY, by)]


POLICY = LeadPolicy()
READY = {"intent": "high", "responses": 1, "bant": bant("need", "budget", "authority")}


# -- Paths -------------------------------------------------------------------------------------------------------------------

LEGAL = {
    ("captured", "mql"), ("captured", "sql"), ("mql", "sql"), ("sql", "converting"), ("converting", "converted"), ("converting", "sql"),
    *((held, aside) for held in ("captured", "mql", "sql") for aside in ("nurturing", "disqualified")),
    ("nurturing", "captured"), ("disqualified", "captured"),
}  # fmt: skip
roles = st.sampled_from(
    [Role.rep, Role.kam, Role.csm, Role.manager, Role.director, Role.marketing, Role.admin, Role.assistant, Role.auditor]
)
people = st.sampled_from([ANN, BOB])
anybody = st.builds(actor, roles, people)


class LeadLife(RuleBasedStateMachine):
    """Anybody may try anything; only what the rules let through happens, and what happens must be legal."""

    lead: Lead

    @initialize()
    def capture(self) -> None:
        self.lead = lead()
        self.before: State = self.lead.state

    def _go(self, unmet: list[Unmet], **changes: object) -> None:
        self.before = self.lead.state
        if not unmet:
            self.lead = replace(self.lead, **changes)  # type: ignore[arg-type]

    @rule(by=anybody)
    def mql(self, by: Actor) -> None:
        self._go(unmet(DECLARE_MQL, self.lead, by), state=State.MQL)

    @rule(by=anybody)
    def qualify(self, by: Actor) -> None:
        missing = unmet(QUALIFY, self.lead, by)
        if not missing:
            assert self.lead.intent
            assert self.lead.responses > 0
            assert not bant_unmet(self.lead.bant, POLICY.bant)
            assert by.has(*LEADERS) or (self.lead.owner_id == by.id and by.has(*OWNERS))
        self._go(missing, state=State.SQL)

    @rule(by=anybody, wake=st.sampled_from([None, NOW, NOW + timedelta(days=1)]))
    def nurture(self, by: Actor, wake: datetime | None) -> None:
        missing = unmet(NURTURE, self.lead, by) + rules.wake_unmet(self.lead, wake, NOW, 3650)
        self._go(missing, state=State.NURTURING, wake_at=wake, reason="later")

    @rule(by=st.one_of(anybody, st.just(SYSTEM)), reason=st.sampled_from(Reason), note=st.sampled_from([None, "why"]))
    def disqualify(self, by: Actor, reason: Reason, note: str | None) -> None:
        missing = unmet(DISQUALIFY, self.lead, by) + rules.reason_unmet(reason, note, by)
        if not missing:
            assert reason is not Reason.NO_RESPONSE_3 or by is SYSTEM
            assert reason is not Reason.OTHER or note
        self._go(missing, **disqualification(self.lead, reason, note)[1])

    @rule(by=st.one_of(anybody, st.just(SYSTEM)))
    def reactivate(self, by: Actor) -> None:
        missing = unmet(REACTIVATE, self.lead, by)
        if not missing:
            assert self.lead.reason != "opt_out"
            if self.lead.state is State.DISQUALIFIED and not by.has(*LEADERS):
                assert self.lead.reason == "no_response_3"
                assert by.has(Role.marketing, Role.system)
        again = self.lead.reactivations + 1
        self._go(missing, **reactivation(self.lead, "again")[1])
        assert missing or (self.lead.reactivations, self.lead.no_response_count) == (again, 0)

    @rule(by=anybody)
    def convert(self, by: Actor) -> None:
        named = replace(self.lead, company="Acme", contact_name="Anna")
        self._go(unmet(CONVERT, named, by), state=State.CONVERTING)

    @precondition(lambda self: self.lead.state is State.CONVERTING)
    @rule(to=st.sampled_from([State.CONVERTED, State.SQL]))
    def deal_svc_answers(self, to: State) -> None:
        self._go([], state=to)

    @rule(by=anybody, to=st.one_of(st.none(), people))
    def assign(self, by: Actor, to: UUID | None) -> None:
        missing = unmet(ASSIGN, self.lead, by) + rules.hand_over_unmet(self.lead, by, to, in_reach=True)
        if not missing and not by.has(*LEADERS):
            assert {self.lead.owner_id, to} == {by.id, None}
        self._go(missing, owner_id=to)

    @rule()
    def learn_enough(self) -> None:
        self._go([], **READY)

    @invariant()
    def only_legal_paths(self) -> None:
        assert self.lead.state is self.before or (self.before, self.lead.state) in LEGAL


LeadLife.TestCase.settings = settings(max_examples=60, stateful_step_count=25)
TestLeadLife = LeadLife.TestCase


def test_every_guard_of_qualifying_is_named() -> None:
    bare = replace(lead(), owner_id=None)
    assert codes(unmet(QUALIFY, bare, actor(Role.manager))) == {
        "owner", "intent", "two_way_interaction", "bant_need", "bant_others", "bant_score",
    }  # fmt: skip
    assert unmet(QUALIFY, lead(**READY), actor(Role.rep)) == []
    assert codes(unmet(QUALIFY, lead(**READY), actor(Role.rep, BOB))) == {"not_owner"}
    assert codes(unmet(QUALIFY, lead(**READY, state=State.SQL), actor(Role.rep))) == {"wrong_state"}


def test_only_a_refused_mql_needs_no_wake_up_date() -> None:
    assert codes(rules.wake_unmet(lead(), None, NOW, 3650)) == {"wake_at"}
    assert rules.wake_unmet(lead(state=State.MQL), None, NOW, 3650) == []
    assert codes(rules.wake_unmet(lead(), NOW, NOW, 3650)) == {"wake_at_past"}


@pytest.mark.parametrize(
    ("state", "reason", "role", "code"),
    [
        (State.NURTURING, "later", Role.rep, None),
        (State.NURTURING, "later", Role.marketing, None),
        (State.DISQUALIFIED, "no_budget", Role.rep, "role"),
        (State.DISQUALIFIED, "no_budget", Role.marketing, "role"),
        (State.DISQUALIFIED, "no_response_3", Role.marketing, None),
        (State.DISQUALIFIED, "no_budget", Role.manager, None),
        (State.DISQUALIFIED, "opt_out", Role.manager, "opted_out"),
        (State.SQL, None, Role.manager, "wrong_state"),
    ],
)
def test_who_may_take_a_lead_up_again(state: State, reason: str | None, role: Role, code: str | None) -> None:
    assert codes(unmet(REACTIVATE, lead(state=state, reason=reason), actor(role))) == ({code} if code else set())


# -- BANT and grades ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("profile", Profile)
def test_weights_add_up(profile: Profile) -> None:
    assert score(bant("need", "budget", "authority", "timeline"), Numbers(profile=profile)) == 100


def test_profiles_favour_what_the_seller_needs_most() -> None:
    startup, mature = Numbers(profile=Profile.STARTUP), Numbers(profile=Profile.MATURE)
    urgent, funded = bant("need", "timeline"), bant("budget", "authority")
    assert score(urgent, startup) > score(funded, startup)
    assert score(urgent, mature) < score(funded, mature)


def test_bant_needs_the_need_two_others_and_the_weight() -> None:
    assert bant_unmet(bant("need", "budget", "authority"), Numbers()) == []
    assert codes(bant_unmet(bant("budget", "authority", "timeline"), Numbers())) == {"bant_need"}
    assert codes(bant_unmet(bant("need", "budget"), Numbers())) == {"bant_others", "bant_score"}
    assert codes(bant_unmet(bant("need", "authority", "timeline"), Numbers(limit=76))) == {"bant_score"}
    refuted = bant("need", "budget") | {"authority": {"status": "refuted"}}
    assert "bant_others" in codes(bant_unmet(refuted, Numbers()))


@pytest.mark.parametrize(
    ("old", "before", "after", "strict", "new"),
    [
        (Grade.C, bant(), bant("budget", "authority", "timeline", months=3), False, Grade.A),
        (Grade.C, bant(), bant("budget", "authority", "timeline", months=4), False, Grade.C),
        (Grade.C, bant(), bant("budget", "authority", "timeline"), False, Grade.C),
        (Grade.C, bant(), bant("budget", "authority", "timeline", months=0), True, Grade.A),
        (Grade.C, bant(), bant("need"), False, Grade.B),
        (Grade.B, bant("need"), bant("need", "budget"), False, Grade.A),
        (Grade.B, bant("need"), bant("need", "budget"), True, Grade.B),
        (Grade.A, bant("need", "budget"), bant("need", "budget", "authority"), False, Grade.A),
        (Grade.A, bant("need", "budget"), bant("need"), False, Grade.B),
        (Grade.B, bant("need"), bant(), False, Grade.C),
        (Grade.C, bant("budget"), bant("budget", "need"), False, Grade.B),
    ],
)
def test_grades(old: Grade, before: Bant, after: Bant, strict: bool, new: Grade) -> None:
    assert grade(old, before, after, Numbers(strict_a=strict))[0] is new


def test_evidence_is_only_for_those_who_may_see_it() -> None:
    known = {"need": {"status": "confirmed", "evidence": "Anna said so", "months": None, "by": str(ANN), "at": NOW.isoformat()}}
    assert [f["dimension"] for f in findings(known, Numbers(), evidence=True)] == list(Dimension)
    assert findings(known, Numbers(), evidence=True)[2]["evidence"] == "Anna said so"
    assert findings(known, Numbers(), evidence=False)[2]["evidence"] is None


# -- Contacts ----------------------------------------------------------------------------------------------------------------


def test_a_weekend_counts_for_the_monday_in_the_companys_zone() -> None:
    shanghai = calendar_of(CompanyPolicy(zone="Asia/Shanghai"))
    assert working_day(datetime(2026, 3, 6, 15, tzinfo=UTC), shanghai).isoformat() == "2026-03-06"
    assert working_day(datetime(2026, 3, 6, 17, tzinfo=UTC), shanghai).isoformat() == "2026-03-09"
    assert working_day(datetime(2026, 3, 8, 15, tzinfo=UTC), shanghai).isoformat() == "2026-03-09"
    assert working_day(datetime(2026, 3, 8, 17, tzinfo=UTC), shanghai).isoformat() == "2026-03-09"


def test_a_holiday_counts_for_the_first_working_day_after_it() -> None:
    china = calendar_of(CompanyPolicy(zone="Asia/Shanghai", country="CN"))
    assert working_day(datetime(2026, 10, 2, 3, tzinfo=UTC), china).isoformat() == "2026-10-08"
    assert working_day(datetime(2026, 10, 10, 3, tzinfo=UTC), china).isoformat() == "2026-10-10", "a Saturday that is made up"


def test_an_attempt_counts_once_a_working_day_and_only_after_the_last_response() -> None:
    today = NOW.date()
    assert counts(lead(), NOW, today)
    assert not counts(lead(no_response_on=today), NOW, today)
    assert counts(lead(no_response_on=today - timedelta(days=1)), NOW, today)
    assert not counts(lead(last_response_at=NOW + timedelta(hours=1)), NOW, today)


def test_what_is_a_response() -> None:
    assert responded(Direction.INBOUND, Outcome.REACHED)
    assert responded(Direction.OUTBOUND, Outcome.REACHED)
    assert not responded(Direction.OUTBOUND, Outcome.NO_RESPONSE)
    assert not responded(Direction.OUTBOUND, Outcome.SENT)
    assert takes_up_again(lead(state=State.DISQUALIFIED, reason="no_response_3"), Direction.INBOUND)
    assert not takes_up_again(lead(state=State.DISQUALIFIED, reason="opt_out"), Direction.INBOUND)
    assert not takes_up_again(lead(state=State.NURTURING), Direction.OUTBOUND)


# -- Capturing ---------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("written", "kept"),
    [
        ("Trade Show", "trade_show"), ("TRADE  SHOW", "trade_show"), ("trade-show", "trade_show"), ("ＳＥＯ", "seo"), ("social", "social"),
        (" Paid \u00a0 search ", "paid search"), ("Google", "google"), ("Cafe\u0301", "café"), ("  ", None),
    ],
)  # fmt: skip
def test_a_source_has_one_spelling_whatever_its_case_blanks_and_bytes(written: str, kept: str | None) -> None:
    assert normal_source(written) == kept


when = st.one_of(st.none(), st.sampled_from([NOW, NOW - timedelta(days=9)]))


said = st.dictionaries(
    st.sampled_from(["source", "company", "product", "region", "first_touch", "last_touch", "title"]), st.sampled_from("xy")
)


@given(st.builds(NewLead, captured_at=when, said=said))
def test_saying_the_same_again_changes_nothing(given: NewLead) -> None:
    known = fresh(uuid4(), "k", NOW, own_data(None, given) | {"captured_at": given.captured_at or NOW})
    assert changes_to(known, given) == {}


def test_a_lead_is_made_with_each_value_at_its_name() -> None:
    known = {"version": 3, "source": "seo", "deal_won_at": NOW, "bant_score": 5}
    made = fresh(uuid4(), "k", NOW, known)
    assert {name: getattr(made, name) for name in known} == known
    assert (made.external_id, made.created_at, made.grade, made.flags, made.company) == ("k", NOW, Grade.C, {}, None)
    with pytest.raises(TypeError):
        fresh(uuid4(), "k", NOW, {"colour": "red"})


def test_a_first_touch_that_nobody_named_is_the_source() -> None:
    assert own_data(None, NewLead(said={"source": "seo"})) == {"source": "seo", "first_touch": "seo", "last_touch": "seo"}
    stub = fresh(uuid4(), None, NOW, {"first_touch": "fair"})
    assert own_data(stub, NewLead(said={"source": "seo", "last_touch": "mail"}))["first_touch"] == "fair"


def test_a_deal_older_than_the_lead_is_flagged_once() -> None:
    older = NOW - timedelta(days=1)
    both = lead(deal_opened_at=older, deal_won_at=older)
    assert odd_flags(both) == ["converted_before_capture", "won_before_first_contact"]
    assert odd_flags(replace(both, flags={"converted_before_capture": True, "won_before_first_contact": True})) == []
    assert odd_flags(replace(both, captured_at=None)) == []
    assert odd_flags(lead(deal_opened_at=NOW)) == []


# -- People ------------------------------------------------------------------------------------------------------------------


def test_a_team_has_a_path_and_cannot_come_under_itself() -> None:
    sales, north, city = uuid4(), uuid4(), uuid4()
    tree = {sales: None, north: sales, city: north}
    assert path_of(city, tree) == [sales, north, city]
    assert path_of(None, tree) == []
    assert below(north, tree) == {north, city}
    assert codes(move_unmet(sales, city, tree)) == {"team_cycle"}
    assert codes(move_unmet(sales, sales, tree)) == {"team_cycle"}
    assert move_unmet(city, sales, tree) == []


def test_masks() -> None:
    assert masked_email("anna@x.com") == "a***@x.com"
    assert masked_name("Anna Berg") == "A*** B***"
    assert masked_phone("+49 30 1234567") == "***67"
    assert masked_phone("112") == "***"
    seen = rules.hidden(lead(contact_name="Anna", email="anna@x.com", phone=None, note="called Anna"))
    assert seen == {"contact_name": "A***", "email": "a***@x.com", "phone": None, "note": None, "reason": None}
