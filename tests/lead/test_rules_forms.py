"""Forms without a database: what makes sense as a definition, and how a submission is read."""

from typing import Any

import pytest
from pydantic import TypeAdapter, ValidationError

from lead_svc.forms import rules
from lead_svc.forms.fields import Address, Definition, Origin, Whole
from lead_svc.forms.rules import NotAsAsked, Sent

EMAIL = {"name": "email", "label": "E-mail", "lead_field": "email", "required": True}
FORM: dict[str, Any] = {
    "fields": [
        EMAIL,
        {"name": "product", "label": "Interest", "lead_field": "product", "options": ["CRM", "Service"]},
        {"name": "message", "label": "Message", "longest": 20},
    ],
    "consents": [
        {"purpose": "contact", "text": "You may call me.", "text_version": "2026-11", "required": True},
        {"purpose": "marketing", "text": "You may write to me.", "text_version": "m2"},
    ],
    "trap": "homepage",
}
TEXTS = {"contact": {"2026-10", "2026-11"}, "marketing": {"m2"}}
GOOD = {"email": "kim@form.example", "consent_contact": "2026-11"}


def read(**given: Any) -> Sent:
    return rules.read(Whole.model_validate(FORM), GOOD | given, TEXTS)


def wrong(**given: Any) -> list[tuple[str, str]]:
    with pytest.raises(NotAsAsked) as refused:
        read(**given)
    return [(error["pointer"], error["code"]) for error in refused.value.extra["errors"]]


def test_a_submission_is_read_by_the_definition() -> None:
    said = {"product": "CRM", "message": " Hello ", "utm_source": "news", "utm_term": "crm", "consent_marketing": "m2"}
    sent = read(submission_id="s-1", visitor_id="v-1", **said)
    assert sent == Sent(
        submission_id="s-1",
        visitor_id="v-1",
        answers={"email": "kim@form.example", "product": "CRM", "message": "Hello"},
        consents={"contact": "2026-11", "marketing": "m2"},
        touch={"source": "news", "term": "crm"},
    )
    assert rules.of_lead(Whole.model_validate(FORM), sent.answers) == {"email": "kim@form.example", "product": "CRM"}


def test_blank_inputs_are_not_given() -> None:
    assert read(message="  ", product="", homepage="", consent_marketing=None, utm_source="").answers == {"email": GOOD["email"]}


def test_what_people_cannot_see_is_left_out_where_it_does_not_fit() -> None:
    sent = read(utm_source="x" * 81, utm_campaign=7, utm_medium="mail\u202e", utm_content="ok", visitor_id="v" * 201)
    assert (sent.touch, sent.visitor_id) == ({"content": "ok"}, None)


def test_a_filled_trap_is_no_refusal() -> None:
    assert (read(homepage="https://links.example").trapped, read().trapped) == (True, False)


def test_a_page_that_shows_an_earlier_text_names_it() -> None:
    assert read(consent_contact="2026-10").consents == {"contact": "2026-10"}


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({"email": "nobody"}, [("/email", "string_pattern_mismatch")]),
        ({"email": None}, [("/email", "missing")]),
        ({"email": ["a@b.example"]}, [("/email", "string_type")]),
        ({"product": "Other"}, [("/product", "not_an_option")]),
        ({"message": "x" * 21}, [("/message", "string_too_long")]),
        ({"message": "a\x07b"}, [("/message", "unseen_character")]),
        ({"phone": "1234567"}, [("/phone", "not_in_form")]),
        ({"owner_id": "me", "score": "99"}, [("/owner_id", "not_in_form"), ("/score", "not_in_form")]),
        ({"consent_contact": None}, [("/consent_contact", "consent_needed")]),
        ({"consent_contact": "on"}, [("/consent_contact", "unknown_text_version")]),
        ({"consent_contact": True}, [("/consent_contact", "unknown_text_version")]),
        ({"submission_id": "x" * 201}, [("/submission_id", "bad_id")]),
        ({"email": "", "product": "Other"}, [("/email", "missing"), ("/product", "not_an_option")]),
    ],
)
def test_what_does_not_fit_is_named_input_by_input(given: dict[str, Any], expected: list[tuple[str, str]]) -> None:
    assert wrong(**given) == expected


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({"fields": [{**EMAIL, "required": False}]}, "no_address"),
        ({"fields": [EMAIL, {"name": "email", "label": "Again"}]}, "name_twice"),
        ({"trap": "email"}, "name_twice"),
        ({"fields": [EMAIL, {"name": "utm_source", "label": "From"}]}, "name_reserved"),
        ({"fields": [EMAIL, {"name": "consent_contact", "label": "Yes"}]}, "name_reserved"),
        ({"fields": [EMAIL, {"name": "mail", "label": "Again", "lead_field": "email"}]}, "field_twice"),
        ({"consents": [FORM["consents"][0]] * 2}, "purpose_twice"),
        ({"fields": [EMAIL, {"name": "owner", "label": "Owner", "lead_field": "owner_id"}]}, "enum"),
        ({"fields": [EMAIL, {"name": "came", "label": "Came by", "lead_field": "campaign"}]}, "enum"),
    ],
)
def test_what_makes_no_sense_as_a_form(changed: dict[str, Any], code: str) -> None:
    with pytest.raises(ValidationError) as refused:
        Whole.model_validate(FORM | changed)
    assert [error["type"] for error in refused.value.errors()] == [code]


@pytest.mark.parametrize(
    ("written", "kept"),
    [
        ("https://www.example.com", "https://www.example.com"),
        ("HTTPS://Www.Example.com:443", "https://www.example.com"),
        ("http://127.0.0.1:8010", "http://127.0.0.1:8010"),
        ("http://[::1]:80", "http://[::1]"),
    ],
)
def test_an_origin_is_kept_as_browsers_write_it(written: str, kept: str) -> None:
    assert TypeAdapter(Origin).validate_python(written) == kept


@pytest.mark.parametrize(
    "written",
    [
        "*",
        "null",
        "www.example.com",
        "https://*.example.com",
        "https://example.com/",
        "https://a@b.example",
        "ftp://a.example",
        "",
    ],
)
def test_an_origin_is_one_site_and_nothing_else(written: str) -> None:
    with pytest.raises(ValidationError):
        TypeAdapter(Origin).validate_python(written)


@pytest.mark.parametrize("written", ["javascript:alert(1)", "/thanks", "https://", "https://a.example/\r\nSet-Cookie: a"])
def test_thanks_are_given_on_a_page(written: str) -> None:
    with pytest.raises(ValidationError):
        TypeAdapter(Address).validate_python(written)


def test_a_version_of_a_text_stands_for_it_for_good() -> None:
    text = {**FORM["consents"][0], "text": "We may do anything."}
    first = Definition.model_validate(FORM)
    other = Definition.model_validate(FORM | {"consents": [text]})
    newer = Definition.model_validate(FORM | {"consents": [text | {"text_version": "2027-01"}]})
    refused = rules.text_changed(other, [first])
    assert refused
    assert refused.extra["errors"][0]["code"] == "text_changed"
    assert [rules.text_changed(newer, [first]), rules.text_changed(first, [first, newer])] == [None, None]
