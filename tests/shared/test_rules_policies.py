"""Documents of policy: what a release reads of another release's document, and what is refused."""

from importlib import import_module
from typing import Any

import pytest
from pydantic import BaseModel, ValidationError

from shared.policy.document import LABEL_ZH, Document, Part, Policy, value
from shared.policy.parts import PaymentStep, adds_up


class Inner(Part):
    low: int = value(1, "Low", "低", "The lower one.", ge=0)
    high: int = value(2, "High", "高", "The higher one.")


class Sample(Document):
    """For these tests."""

    limit: int = value(60, "Limit", "上限", "A limit.", ge=0, le=100)
    inner: Inner = value(Inner(), "Inner", "内部", "A part.")
    several: tuple[Inner, ...] = value((), "Several", "多个", "Many parts.")


def test_a_document_without_anything_is_the_defaults() -> None:
    assert Sample.read({}, 1) == Sample()
    assert Sample().version == 1


def test_a_field_that_was_added_since_has_its_default_and_one_that_is_gone_is_passed_over() -> None:
    stored = {"limit": 70, "gone": {"x": 1}, "inner": {"high": 5, "also gone": 1}, "several": [{"low": 3, "gone": 0}]}
    read = Sample.read(stored, 4)
    assert (read.limit, read.inner, read.several, read.version) == (70, Inner(high=5), (Inner(low=3),), 4)
    assert stored["gone"] == {"x": 1}, "what is stored stays as it was"


def test_what_is_stored_is_read_as_it_was() -> None:
    document = Sample(limit=61, inner=Inner(low=0), several=(Inner(), Inner(high=9)))
    assert Sample.read(document.stored(), 1) == document


def test_a_value_that_is_not_possible_is_refused() -> None:
    with pytest.raises(ValidationError):
        Sample.read({"limit": 101}, 1)
    with pytest.raises(ValidationError):
        Sample(limt=60)  # type: ignore[call-arg]


def test_a_document_does_not_change() -> None:
    with pytest.raises(ValidationError):
        Sample().limit = 1  # type: ignore[misc]


def test_a_field_without_names_is_refused() -> None:
    with pytest.raises(TypeError, match=r"Bad\.limit needs names and a description"):

        class Bad(Document):
            limit: int = 3


def test_a_payment_plan_is_all_of_the_total() -> None:
    with pytest.raises(ValueError, match="100 percent; they are 70"):
        adds_up([PaymentStep(percent=50), PaymentStep(percent=20)])


DOCUMENTS = [
    *[import_module(f"{name}_svc.policy").POLICY for name in ("lead", "deal", "contract", "metrics")],
    import_module("shared.policy.company").COMPANY_POLICY,
]


@pytest.mark.parametrize("policy", DOCUMENTS, ids=lambda policy: policy.name)
def test_every_field_of_every_document_has_its_names_in_the_schema(policy: Policy[Any]) -> None:
    schema = policy.model.model_json_schema()
    parts = [schema, *[part for part in schema.get("$defs", {}).values() if part["type"] == "object"]]
    for part in parts:
        for name, field in part["properties"].items():
            same = schema["$defs"][field["$ref"].rpartition("/")[2]] if "$ref" in field else {}
            said = {**same, **field}  # what a field and its type say alike is said once
            assert said["title"], name
            assert said[LABEL_ZH], name
            assert said["description"].endswith("."), name


@pytest.mark.parametrize("policy", DOCUMENTS, ids=lambda policy: policy.name)
def test_every_document_is_read_as_it_was_stored(policy: Policy[Any]) -> None:
    model: type[BaseModel] = policy.model
    assert policy.model.read(policy.model().stored(), 1) == model()
