"""The tables of documents that went out, and of the links by which customers read them."""

from sqlalchemy import Column, Index, LargeBinary, Table, Text, UniqueConstraint, Uuid

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

LINK = Table(
    "link",
    PLUMBING,
    Column("id", Uuid, primary_key=True),
    Column("kind", Text, nullable=False, comment="of the record, such as quote"),
    Column("record_id", Uuid, nullable=False),
    Column("document_id", Uuid, nullable=False, comment="what it leads to"),
    Column("language", Text, nullable=False),
    Column("hash", LargeBinary, nullable=False, unique=True, comment="SHA-256 of the secret, which is kept nowhere"),
    Column("created_by", Uuid, nullable=False),
    Column("created_at", At, nullable=False),
    Column("expires_at", At, nullable=False),
    Column("revoked_at", At),
    Index(None, "kind", "record_id"),
    comment="addresses for customers, who have no token",
)
