"""What is said about values that do not fit: plain sentences, never a validator's own."""

import enum
import re
from decimal import Decimal
from typing import Annotated, Any, Literal, get_args
from uuid import UUID

import pytest
from pydantic import BaseModel, ConfigDict, Field, HttpUrl, StringConstraints, TypeAdapter, ValidationError
from pydantic_core.core_schema import ErrorType

from shared.sentences import sentence, written


class Colour(enum.StrEnum):
    RED = "red"
    BLUE = "blue"


class Box(BaseModel):
    model_config = ConfigDict(extra="forbid")

    name: Annotated[str, Field(min_length=1, max_length=3)]
    size: Annotated[int, Field(ge=1, lt=9)] = 1


def says(kind: Any, value: object) -> str:
    with pytest.raises(ValidationError) as found:
        TypeAdapter(kind).validate_python(value)
    return sentence(found.value.errors()[0])


@pytest.mark.parametrize(
    ("kind", "value", "text"),
    [
        (Box, {}, "This is needed."),
        (Box, {"name": "a", "colour": 1}, "There is no field of this name here."),
        (Box, {"name": ""}, "This is empty; write something."),
        (Box, {"name": "abcd"}, "Write at most 3 characters."),
        (Box, {"name": 5}, "Write a text, in quotes."),
        (Box, {"name": "a", "size": "many"}, "Write a whole number."),
        (Box, {"name": "a", "size": 1.5}, "Write a whole number."),
        (Box, {"name": "a", "size": 0}, "Write a number from 1 up."),
        (Box, {"name": "a", "size": 9}, "Write a number below 9."),
        (Box, "box", "Write an object with named fields: { ... }."),
        (Colour, "green", "Write one of 'red' or 'blue'."),
        (Literal["a", "b"], "c", "Write one of 'a' or 'b'."),
        (UUID, "12", "Write an id: a UUID such as 01890a5d-ac96-774b-bcce-b302099a8057."),
        (bool, "perhaps", "Write true or false."),
        (list[int], 5, "Write a list: [ ... ]."),
        (Annotated[list[int], Field(max_length=1)], [1, 2], "List at most 1."),
        (HttpUrl, "erp", "Write a whole web address, for example https://erp.example/hooks."),
        (HttpUrl, "ftp://erp", "Write a web address that begins with 'http' or 'https'."),
        (Annotated[Decimal, Field(le=100)], Decimal(101), "Write a number up to 100."),
        (Annotated[str, StringConstraints(pattern="^x$")], "y", "Write it in the form that the documentation shows."),
        (Annotated[str, written("^[0-9]$", "Write one digit.")], "y", "Write one digit."),
        (complex, "x", "Nothing like this is taken here; the documentation shows what is."),
    ],
)
def test_people_can_act_on_it(kind: Any, value: object, text: str) -> None:
    assert says(kind, value) == text


class Context(dict[str, Any]):
    """Anything a template may ask for."""

    def __missing__(self, key: str) -> str:
        return "3"


@pytest.mark.parametrize("kind", get_args(ErrorType))
def test_no_error_of_pydantic_shows_its_own_words(kind: str) -> None:
    text = sentence({"type": kind, "msg": "Input should be a valid instance", "ctx": Context()})
    assert not re.search(r"Input|should|valid |instance|pattern|Value error", text)
