"""Conditions on leads, as policies write them."""

from typing import Any

import pytest
from pydantic import ValidationError

from lead_svc.conditions.fields import BESIDE, CHOICES, NUMBERS, TEXTS, Condition, Op, fitting
from lead_svc.conditions.rules import holds, unmet
from lead_svc.leads.record import Lead
from tests.lead.test_rules import lead


def condition(field: str, op: str, *values: Any) -> Condition:
    return Condition.model_validate({"field": field, "op": op, "values": values})


@pytest.mark.parametrize(
    ("has", "asked", "expected"),
    [
        ({"region": "ＥＭＥＡ"}, ("region", "is", "apac", "emea"), True),
        ({"region": "EMEA"}, ("region", "is", "apac"), False),
        ({"region": None}, ("region", "is", "apac"), False),
        ({"region": None}, ("region", "is_not", "apac"), True),
        ({"region": "APAC"}, ("region", "is_not", "apac"), False),
        ({"source": "trade_show"}, ("source", "is", "Trade Show"), True),
        ({"job_title": "Head of Purchasing"}, ("job_title", "contains", "buyer", "purchas"), True),
        ({"job_title": "CTO"}, ("job_title", "contains", "purchas"), False),
        ({"region": "12345"}, ("region", "starts_with", "123"), True),
        ({"region": "12345"}, ("region", "starts_with", "23"), False),
        ({"score": 60}, ("score", "at_least", 60), True),
        ({"score": 59}, ("score", "at_least", 60), False),
        ({"score": None}, ("score", "at_least", 0), False),
        ({}, ("score", "at_least", 0), False),
        ({"prediction": 70}, ("prediction", "at_least", 60), True),
        ({"responses": 2}, ("responses", "at_most", 2), True),
        ({"company": "ACME"}, ("company", "known"), True),
        ({"company": None}, ("company", "known"), False),
        ({"company": None}, ("company", "unknown"), True),
    ],
)
def test_a_condition_holds_or_not(has: dict[str, Any], asked: tuple[Any, ...], expected: bool) -> None:
    about = {name: value for name, value in has.items() if name not in BESIDE}
    assert holds([condition(*asked)], lead(**about), {name: has[name] for name in BESIDE if name in has}) is expected


@pytest.mark.parametrize(
    ("asked", "says"),
    [
        (("email", "is", "a@b.example"), "Input should be"),  # personal
        (("score", "contains", "6"), "not by contains"),
        (("score", "at_least", "many"), "one whole number"),
        (("score", "at_least"), "one whole number"),
        (("grade", "is", "D"), "one of A, B, C; not D"),
        (("grade", "contains", "A"), "not by contains"),
        (("region", "is"), "one or more texts"),
        (("region", "is", " "), "one or more texts"),
        (("region", "known", "yes"), "takes no values"),
    ],
)
def test_a_condition_that_makes_no_sense_is_refused_with_what_would_be_right(asked: tuple[Any, ...], says: str) -> None:
    with pytest.raises(ValidationError, match=says):
        condition(*asked)


def test_a_number_that_a_file_writes_as_a_text_is_a_number_where_numbers_are_asked() -> None:
    assert condition("score", "at_least", "60") == condition("score", "at_least", 60)
    assert condition("size", "is", "60").values == ("60",)


def test_all_conditions_must_hold_and_the_first_that_does_not_is_told() -> None:
    both = (condition("region", "is", "EMEA"), condition("score", "at_least", 60))
    assert holds(both, lead(region="EMEA"), {"score": 80})
    failed = unmet(both, lead(region="EMEA"), {"score": 10})
    assert failed is not None
    assert failed.says == "score is at least 60"
    assert holds((), lead())


def test_every_field_is_one_of_the_lead_and_can_be_looked_at() -> None:
    for field in (*TEXTS, *CHOICES, *NUMBERS):
        assert field in (*Lead.__dataclass_fields__, *BESIDE)
        assert {Op.KNOWN, Op.UNKNOWN} <= set(fitting(field))
