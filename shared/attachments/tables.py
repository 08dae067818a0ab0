"""The tables of attachments: what each is, its bytes in pieces, and what is to be deleted from the store of files."""

from sqlalchemy import BigInteger, Column, ForeignKey, Index, Integer, LargeBinary, MetaData, Table, Text, Uuid, text

from shared.db.tables import At


def attachment_tables(record: str, metadata: MetaData) -> tuple[Table, Table, Table]:
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
        Column("object", Text, comment="bucket/key in the store of files; without one the bytes are in the pieces"),
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
    loose = Table(
        f"{record}_attachment_loose",
        metadata,
        Column("attachment_id", Uuid, primary_key=True, autoincrement=False),
        Column("object", Text, nullable=False, comment="bucket/key"),
        Column("upload", Text, comment="the store's id of an upload in parts"),
        Column("due_at", At, nullable=False, comment="by the machine's clock: when the object is deleted"),
        Column("tries", Integer, nullable=False, server_default=text("0")),
        Index(f"ix_{record}_attachment_loose_due", "due_at"),
        comment="objects that no attachment has, yet or any more: written before the object, gone with the attachment's commit",
    )
    return kept, pieces, loose
