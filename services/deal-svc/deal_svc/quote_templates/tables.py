"""Templates of quotes' documents, one row per version, and the images that they show."""

from sqlalchemy import CheckConstraint, Column, Index, LargeBinary, Table, Text, UniqueConstraint

from deal_svc.metadata import metadata
from deal_svc.quote_templates.record import QuoteTemplate
from shared.db.query import Aggregate
from shared.db.record import table

QUOTE_TEMPLATE = table(
    "quote_template",
    metadata,
    QuoteTemplate,
    CheckConstraint("revision > 0", "revision"),
    UniqueConstraint("name", "revision"),
    Index(None, "created_at", "id"),
    Index(None, "state", "channel"),
)
QUOTE_TEMPLATES = Aggregate(QUOTE_TEMPLATE, QuoteTemplate, "quote_template")

QUOTE_LOGO = Table(
    "quote_logo",
    metadata,
    Column("sha256", Text, primary_key=True, comment="of the body"),
    Column("media_type", Text, nullable=False),
    Column("body", LargeBinary, nullable=False),
    comment="images of templates, each once however many versions show it",
)
