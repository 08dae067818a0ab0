"""What the company says of a template of its quotes' documents."""

from typing import Annotated

from pydantic import AfterValidator, BaseModel, Field
from pydantic_core import PydanticCustomError

from deal_svc.quote_templates.look import ACCENT, PaperPart
from deal_svc.quote_templates.words import PARTS
from shared.documents.record import Language
from shared.fields import LongText, Name, Short, Text, lines, one_line
from shared.http.body import Body
from shared.sentences import written


def _known(names: dict[str, str]) -> dict[str, str]:
    if unknown := sorted(names.keys() - set(PARTS)):
        says = "There is no part {part}; GET /v1/quote-templates/sample names them all."
        raise PydanticCustomError("unknown_part", says, {"part": unknown[0]})
    return names


Footer = Annotated[str, lines(300), AfterValidator(one_line)]
Accent = Annotated[
    str,
    written(r"^#[0-9a-f]{6}$", "Write the colour as # and six digits of 0-9 and a-f, for example #1f4e79."),
    Field(description="The colour of titles and rules"),
]


class TemplateTexts(Body):
    """What the document says in a language besides the quote itself."""

    names: Annotated[
        dict[str, Short],
        AfterValidator(_known),
        Field(
            max_length=len(PARTS),
            description="What parts are called; of those left out the name is ours",
            json_schema_extra={"propertyNames": {"enum": list(PARTS)}},
        ),
    ] = Field(default_factory=dict)
    opening: Annotated[Text | None, Field(description="Before the lines")] = None
    closing: Annotated[Text | None, Field(description="After the terms")] = None
    terms: Annotated[LongText | None, Field(description="The terms that every quote is under, in full")] = None
    footer: Annotated[Footer | None, Field(description="At the foot of each page")] = None


class LogoIn(Body):
    """An image, PNG or SVG. It is drawn 13 mm high and at most 55 mm wide."""

    data: Annotated[str, Field(max_length=700_000, description="The file in base64")]


class TemplateFields(BaseModel):
    channel: Annotated[Short | None, Field(description="The channel of sales whose quotes it is for; by default all others")] = None
    texts: Annotated[
        dict[Language, TemplateTexts],
        Field(min_length=1, description="By language: documents in these are kept as soon as a quote is sent"),
    ]
    accent: Accent = ACCENT
    leaves_out: Annotated[list[PaperPart], Field(max_length=len(PaperPart), description="Parts that are not printed")] = Field(
        default_factory=list
    )


TemplateName = Annotated[Name, Field(description="Its versions share it")]
