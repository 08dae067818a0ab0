"""What marketing says of a form, once: bodies, the stored definition and the answer follow from it."""

import re
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Any, Self, TypeAlias
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, Field, model_validator
from pydantic_core import PydanticCustomError

from lead_svc.consent.fields import Purpose
from lead_svc.leads.fields import LeadDetails
from shared.fields import Count, Name, Short, Source, Text, lines
from shared.sentences import written

TOUCHES = ("source", "campaign", "medium", "term", "content")
"""What a landing address says: `utm_source`, `utm_campaign` and so on. Nothing else is kept of it."""
SUBMISSION_ID, VISITOR_ID = "submission_id", "visitor_id"
UTM = tuple(f"utm_{name}" for name in TOUCHES)
CONSENT = "consent_"
RESERVED = frozenset({SUBMISSION_ID, VISITOR_ID, *UTM, *(f"{CONSENT}{purpose}" for purpose in Purpose)})
"""Names that every submission may use, so that no field is called so."""

FILLED = [name for name in LeadDetails.model_fields if name not in {*TOUCHES, "first_touch", "last_touch"}]
if TYPE_CHECKING:
    LeadInput: TypeAlias = str
else:
    LeadInput = StrEnum("LeadInput", {name.upper(): name for name in FILLED})

_LONGEST_ORIGIN = 253 + 16


def _origin(text: str) -> str:
    """An origin as browsers write it: scheme, host and port, and nothing behind them."""
    text = text.strip().lower()
    try:
        parts = urlsplit(text)
        port = parts.port
    except ValueError:
        parts, port = urlsplit(""), None
    standard = {"http": 80, "https": 443}.get(parts.scheme)
    if standard is None or not re.fullmatch(r"[a-z0-9.-]+|\[[0-9a-f:]+\]", parts.netloc.removesuffix(f":{port}")) or text != _plain(parts):
        raise PydanticCustomError("origin", "Write an origin, for example https://www.example.com, without a path.")
    return text.removesuffix(f":{standard}") if port == standard else text


def _plain(parts: Any) -> str:
    return f"{parts.scheme}://{parts.netloc}"


FormKey = Annotated[
    str,
    Field(pattern=r"^[a-z0-9][a-z0-9-]{0,59}$", description="What pages post to; it stays.", examples=["contact-us"]),
]
FieldName = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,39}$", description="The name of the input on the page.")]
Origin = Annotated[str, Field(max_length=_LONGEST_ORIGIN, examples=["https://www.example.com"]), AfterValidator(_origin)]
Address = Annotated[
    str,
    lines(2000),
    written(
        r"^https?://[^\x00-\x20/\"'<>\\]+[^\x00-\x20\"'<>\\]*$", "Write the address of a page, for example https://www.example.com/thanks."
    ),
]


class FormField(BaseModel):
    """One input of the form."""

    model_config = {"extra": "forbid"}

    name: FieldName
    label: Name
    label_zh: Name | None = None
    lead_field: Annotated[LeadInput | None, Field(description="What it fills of the lead; without it the answer is kept alone.")] = None
    required: bool = False
    options: Annotated[tuple[Short, ...], Field(max_length=100, description="The values it can have; empty for any text.")] = ()
    longest: Annotated[Count, Field(ge=1, le=4000, description="Characters that it takes.")] = 1000


class ConsentText(BaseModel):
    """What a person is asked to agree to. Its checkbox is `consent_<purpose>`, with the version of the text as its value."""

    model_config = {"extra": "forbid"}

    purpose: Purpose
    text: Text
    text_zh: Text | None = None
    text_version: Annotated[Short, Field(description="Stands for this text for good; another text needs another one.")]
    required: Annotated[bool, Field(description="Whether the form is not sent without it.")] = False


class Definition(BaseModel):
    """What a form asks for and from where it is sent."""

    fields: Annotated[tuple[FormField, ...], Field(min_length=1, max_length=50)]
    consents: Annotated[tuple[ConsentText, ...], Field(max_length=len(Purpose))] = ()
    allowed_origins: Annotated[
        tuple[Origin, ...], Field(max_length=50, description="Sites whose pages may send it. Without any, no browser may.")
    ] = ()
    trap: Annotated[
        FieldName | None,
        Field(description="An input that people do not see; what fills it is held back, as from a robot."),
    ] = None
    thanks_url: Annotated[
        Address | None, Field(description="Where a browser goes that sends the form without a script; else it shows the answer.")
    ] = None

    def texts(self) -> dict[str, str]:
        """The version of the text that is shown now, by purpose."""
        return {one.purpose.value: one.text_version for one in self.consents}


class FormFields(Definition):
    name: Name
    source: Annotated[Source | None, Field(description="Of leads that come by it, where the address of the page does not say another.")] = (
        None
    )
    campaign: Short | None = None
    medium: Short | None = None


class Whole(Definition):
    """A definition that makes sense as a whole."""

    @model_validator(mode="after")
    def _names(self) -> Self:
        names = [field.name for field in self.fields] + ([self.trap] if self.trap else [])
        if twice := {name for name in names if names.count(name) > 1}:
            raise PydanticCustomError("name_twice", "Two inputs have the name {name}.", {"name": min(twice)})
        if taken := RESERVED.intersection(names):
            raise PydanticCustomError(
                "name_reserved", "{name} means something else already; give the input another name.", {"name": min(taken)}
            )
        return self

    @model_validator(mode="after")
    def _filled(self) -> Self:
        filled = [field.lead_field for field in self.fields if field.lead_field]
        if len({*filled}) < len(filled):
            raise PydanticCustomError("field_twice", "Two inputs fill the same field of the lead.")
        if not any(field.required and field.lead_field in ("email", "phone") for field in self.fields):
            raise PydanticCustomError("no_address", "One input that is required must fill email or phone: else nobody knows who sent it.")
        purposes = [one.purpose for one in self.consents]
        if len({*purposes}) < len(purposes):
            raise PydanticCustomError("purpose_twice", "Two texts ask for the same purpose.")
        return self
