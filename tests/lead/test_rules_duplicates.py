"""What two records have in common, whatever the spelling, and what that counts for."""

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from lead_svc.capture.rules import fresh
from lead_svc.duplicates import likeness as rules
from lead_svc.duplicates.lead_pairs import said_of
from lead_svc.duplicates.likeness import company, person, phone, said
from lead_svc.duplicates.policy import DuplicatePolicy, Weights
from lead_svc.duplicates.record import Certainty, Duplicate, Likeness, Match
from lead_svc.duplicates.rules import pair, pair_id
from lead_svc.leads.record import Lead
from shared.ids import new_id
from shared.spelling import compared

POLICY = DuplicatePolicy()
ANNA: dict[str, Any] = {
    "contact_name": "Anna Berg", "company": "Hanse Logistik GmbH", "email": "anna@hanse.example", "phone": "+49 40 123 4567",
}  # fmt: skip


def likeness(one: Lead, other: Lead, policy: DuplicatePolicy) -> Likeness:
    return rules.likeness(said_of(one, policy), said_of(other, policy), policy, policy.weights.by_match())


def lead(**said: Any) -> Lead:
    return fresh(new_id(), None, datetime(2026, 1, 5, tzinfo=UTC), said)


@pytest.mark.parametrize(
    ("other", "certainty", "matches"),
    [
        ({"email": "ANNA@Hanse.Example"}, "certain", "email domain"),
        ({"email": "ａｎｎａ@hanse.example"}, "certain", "email domain"),
        ({"phone": "0049-40-1234567", "contact_name": "BERG, Anna"}, "certain", "phone name"),
        ({"phone": "+49 (0)40 1234567", "company": "Hanse Logistik", "email": "bob@hanse.example"}, "likely", "phone company domain"),
        ({"phone": "+49 40 1234567 ext. 12"}, "likely", "phone"),
        ({"contact_name": "Anna Berg", "company": "Hanse-Logistic AG"}, "likely", "name company"),
        ({"contact_name": "Anna Berg", "email": "a.berg@hanse.example"}, "likely", "name domain"),
        ({"company": "Hanse Logistik GmbH", "email": "bob@hanse.example"}, None, "company domain"),
        ({"company": "Hanse Logistik GmbH"}, None, "company"),
        ({"contact_name": "Anna Berg"}, None, "name"),
        ({}, None, ""),
    ],
)  # fmt: skip
def test_what_counts_for_how_much(other: dict[str, Any], certainty: str | None, matches: str) -> None:
    """A person's own address or number says most; colleagues, and people of one name, are not the same."""
    for one, two in ((lead(**ANNA), lead(**other)), (lead(**other), lead(**ANNA))):
        found = likeness(one, two, POLICY)
        assert (found.certainty, " ".join(found.matches)) == (certainty, matches)


def test_an_address_of_free_mail_says_nothing_of_a_company() -> None:
    one, other = lead(contact_name="Wang Wei", email="wei1@qq.com"), lead(contact_name="Wang Wei", email="wei2@qq.com")
    assert likeness(one, other, POLICY).certainty is None
    assert likeness(one, other, DuplicatePolicy(free_mail=())).matches == {Match.NAME: 40, Match.DOMAIN: 10}


def test_the_limits_are_policy() -> None:
    one, other = lead(**ANNA), lead(phone=ANNA["phone"], company=ANNA["company"])
    assert likeness(one, other, POLICY).certainty is Certainty.LIKELY
    assert likeness(one, other, DuplicatePolicy(certain=70)).certainty is Certainty.CERTAIN
    assert likeness(one, other, DuplicatePolicy(weights=Weights(phone=20))).certainty is None


ACME = ("Hanse Logistik GmbH", [("anna@hanse.example", "+49 40 123 4567")])


@pytest.mark.parametrize(
    ("name", "contact", "certainty", "matches"),
    [
        ("HANSE-LOGISTIK", ("bob@hanse.example", None), "certain", "company domain"),
        ("Hanse Logistic AG", ("bob@qq.com", None), "likely", "company"),
        ("Hanse Logistik", (None, "040 1234567"), "likely", "phone company"),
        ("HLG", ("anna@hanse.example", None), "likely", "email domain"),
        ("HLG", ("bob@hanse.example", "040 1234567"), "likely", "phone domain"),
        ("HLG", ("bob@hanse.example", None), None, "domain"),
        ("HLG", (None, "040 1234567"), None, "phone"),
    ],
)  # fmt: skip
def test_companies_are_known_by_their_name_and_by_their_contacts(
    name: str, contact: tuple[str | None, str | None], certainty: str | None, matches: str
) -> None:
    """One switchboard, or one domain of a group, is not one company."""
    policy = DuplicatePolicy(phone_region="DE")
    one, other = (said(policy, contacts, person_name=None, of=of) for of, contacts in (ACME, (name, [contact, ("x@gmail.com", None)])))
    found = rules.likeness(one, other, policy, policy.account_weights.by_match())
    assert (found.certainty, " ".join(found.matches)) == (certainty, matches)


@pytest.mark.parametrize(
    ("written", "region", "number"),
    [
        ("13800138000", "CN", "+8613800138000"),
        ("+86 138-0013-8000", "DE", "+8613800138000"),
        ("0086 138 0013 8000", "CN", "+8613800138000"),
        ("１３８００１３８０００", "CN", "+8613800138000"),
        ("010-6552 9988 转 808", "CN", "+861065529988"),
        ("Fax: 010 65529988 (office)", "CN", "+861065529988"),
        ("+44 0161 496 0000", "CN", "+441614960000"),
        ("0161 496 0000", "GB", "+441614960000"),
        ("+999 1234567", "CN", "9991234567"),
        ("12 34", "CN", ""),
        ("call the office", "CN", ""),
        (None, "CN", ""),
    ],
)
def test_a_number_has_one_form(written: str | None, region: str, number: str) -> None:
    assert phone(written, region) == number


@pytest.mark.parametrize(
    ("written", "core"),
    [
        ("Hanse Logistik GmbH & Co. KG", "hanselogistik"),
        ("HANSE-LOGISTIK", "hanselogistik"),
        ("Acme Inc.", "acme"),
        ("Acme, Ltd", "acme"),
        ("Żabka Sp. z o.o.", "żabka"),
        ("Société Générale S.A.", "sociétégénérale"),
        ("华为技术有限公司", "华为技术"),
        ("华为技术（深圳）有限公司", "华为技术深圳"),
        ("株式会社トヨタ", "トヨタ"),
        ("ООО Ромашка", "ромашка"),
        ("GmbH", "gmbh"),
        ("Ｃｏ．", "co"),
        ("", ""),
    ],
)
def test_a_company_is_compared_without_its_legal_form(written: str, core: str) -> None:
    assert company(written, POLICY.legal_forms) == core


def test_short_names_must_be_exactly_the_same() -> None:
    assert not likeness(lead(contact_name="王伟", email="a@b.example"), lead(contact_name="王玮", email="c@b.example"), POLICY).certainty
    assert likeness(lead(contact_name="王伟", email="a@b.example"), lead(contact_name="王伟", email="c@b.example"), POLICY).certainty
    assert person("Berg, Anna") == person("anna  berg")


@pytest.mark.parametrize(
    "wrong",
    [
        {"likely": 95},
        {"weights": {"company": 45, "domain": 10}},
        {"weights": {"name": 50}},
        {"account_weights": {"domain": 50}},
        {"phone_region": "XX"},
    ],
)
def test_weak_matches_can_never_be_enough(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        DuplicatePolicy.model_validate(wrong)


words = st.text(max_size=30) | st.sampled_from(["GmbH", "Acme Co. Ltd", "公司", "+49 40 1234567", "a@b.example", "Anna Berg"])
leads = st.builds(lead, **dict.fromkeys(("contact_name", "company", "email", "phone"), st.none() | words))


@given(leads, leads)
def test_two_leads_are_as_alike_as_the_other_way_round(one: Lead, other: Lead) -> None:
    found = likeness(one, other, POLICY)
    assert found == likeness(other, one, POLICY)
    assert 0 <= found.points <= 100
    assert pair(one.id, other.id) == pair(other.id, one.id)
    assert pair_id(Duplicate, one.id, other.id) == pair_id(Duplicate, other.id, one.id)


@given(leads)
def test_what_is_known_of_a_lead_is_like_itself(one: Lead) -> None:
    assert likeness(one, one, POLICY).points == 100 or not compared(one.email or "")
