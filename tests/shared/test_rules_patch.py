"""One list of fields gives the body that makes a record and the one that changes it."""

from typing import Annotated

import pytest
from pydantic import BaseModel, ValidationError

from shared.fields import PERSONAL, Email, Name, personal
from shared.http.body import Body
from shared.http.patch import Patch


class BoatFields(BaseModel):
    name: Name
    harbour: Name | None = None
    skipper: Annotated[Email | None, PERSONAL] = None


class BoatIn(BoatFields, Body):
    pass


class BoatPatch(Patch, BoatFields):
    pass


def test_what_is_needed_to_make_a_record_may_be_left_out_of_a_change() -> None:
    with pytest.raises(ValidationError, match="name"):
        BoatIn.model_validate({})
    assert BoatPatch.model_validate({}).given() == {}
    assert BoatPatch.model_validate({"name": "Ada", "harbour": None}).given() == {"name": "Ada", "harbour": None}
    assert BoatPatch.model_json_schema().get("required") is None
    assert "default" not in BoatPatch.model_json_schema()["properties"]["name"]


@pytest.mark.parametrize("body", [{"name": None}, {"name": " "}, {"nane": "Ada"}])
def test_null_is_only_for_what_may_be_empty(body: dict[str, str | None]) -> None:
    with pytest.raises(ValidationError):
        BoatPatch.model_validate(body)


def test_marked_fields_are_personal() -> None:
    assert personal(BoatFields) == {"skipper"}
    assert personal(BoatPatch) == {"skipper"}
