"""The table of documents that went out."""

from sqlalchemy import Column, LargeBinary, Table, Text, UniqueConstraint, Uuid

from shared.db.tables.base import PLUMBING, At

DOCUMENT = Table(
    "document",
    PLUMBING,
    Column("id", Uuid, primary_key=True),
    Column("kind", Text, nullable=False, comment="of the record, such as quote"),
    Column("record_id", Uuid, nullable=False),
    Column("edition", LargeBinary, nullable=False, comment="SHA-256 of what the record said"),
    Column("language", Text, nullable=False),
    Column("sha256", LargeBinary, nullable=False, comment="of the body"),
    Column("body", LargeBinary, nullable=False, comment="the PDF as it went out; never made again"),
    Column("made_at", At, nullable=False),
    UniqueConstraint("kind", "record_id", "edition", "language"),
    comment="documents as they went out: a later template changes none of them",
)
