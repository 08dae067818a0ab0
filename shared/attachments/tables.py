"""The tables of attachments: what each is, and its bytes in pieces, so that nobody ever holds a whole file in memory."""

from sqlalchemy import BigInteger, Column, ForeignKey, Index, Integer, LargeBinary, MetaData, Table, Text, Uuid, text

from shared.db.tables import At


def attachment_tables(record: str, metadata: MetaData) -> tuple[Table, Table]:
    kept = Table(
        f"{record}_attachment",
        metadata,
        Column("id", Uuid, primary_key=True, autoincrement=False),
        Column(f"{record}_id", Uuid, ForeignKey(f"{record}.id"), nullable=False),
        Column("name", Text, nullable=False, comment="may name people"),
        Column("note", Text, comment="may name people"),
        Column("media_type", Text, nullable=False),
        Column("size", BigInteger, nullable=False, comment="bytes"),
        Column("sha256", Text, nullable=False),
        Column("by", Uuid, nullable=False),
        Column("at", At, nullable=False),
        Index(f"ix_{record}_attachment_of", f"{record}_id", "id"),
    )
    pieces = Table(
        f"{record}_attachment_piece",
        metadata,
        Column("attachment_id", Uuid, primary_key=True, autoincrement=False),
        Column("n", Integer, primary_key=True, autoincrement=False),
        Column("bytes", LargeBinary, nullable=False),
        Column("kept_at", At, nullable=False, server_default=text("now()")),
        Index(f"ix_{record}_attachment_piece_kept", "kept_at", postgresql_where=text("n = 0")),
        comment="written before its attachment is: what no attachment has is swept away after a day",
    )
    return kept, pieces
