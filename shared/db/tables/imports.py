"""Files that are imported: the jobs, their bytes, and the problems of their rows."""

from sqlalchemy import BigInteger, Column, Index, Integer, LargeBinary, PrimaryKeyConstraint, Table, Text, UniqueConstraint, Uuid, text
from sqlalchemy.dialects.postgresql import JSONB

from shared.db.tables.base import PLUMBING, At

IMPORT_JOB = Table(
    "import_job",
    PLUMBING,
    Column("id", Uuid, primary_key=True),
    Column("things", Text, nullable=False),
    Column("state", Text, nullable=False, comment="uploading, checking, queued, reading, running, done, cancelled, refused, failed"),
    Column("options", JSONB, nullable=False),
    Column("columns", JSONB, nullable=False, comment="the file's header"),
    Column("bytes_total", BigInteger, nullable=False, server_default=text("0")),
    Column("bytes_done", BigInteger, nullable=False, server_default=text("0"), comment="where the next row starts"),
    Column("line", BigInteger, nullable=False, server_default=text("0"), comment="the last line that was read"),
    Column("created", BigInteger, nullable=False, server_default=text("0")),
    Column("updated", BigInteger, nullable=False, server_default=text("0")),
    Column("unchanged", BigInteger, nullable=False, server_default=text("0")),
    Column("refused", BigInteger, nullable=False, server_default=text("0")),
    Column("flagged", BigInteger, nullable=False, server_default=text("0")),
    Column("error", Text),
    Column("actor_id", Uuid, nullable=False),
    Column("actor_roles", JSONB, nullable=False),
    Column("correlation_id", Text, nullable=False),
    Column("idempotency_key", Text),
    Column("created_at", At, nullable=False),
    Column("finished_at", At),
    Column("found", JSONB, comment="by the first pass: how the file is read and why, or why it cannot be"),
    Column("flags", JSONB, nullable=False, server_default=text("'{}'"), comment="flag -> how many rows have it"),
    Column("digest", Text, comment="of options and file: what its Idempotency-Key stands for"),
    UniqueConstraint("actor_id", "idempotency_key"),
    Index("ix_import_job_open", "created_at", postgresql_where=text("state IN ('queued', 'reading', 'running')")),
)

IMPORT_CHUNK = Table(
    "import_chunk",
    PLUMBING,
    Column("job_id", Uuid, nullable=False),
    Column("start", BigInteger, nullable=False, comment="offset of its first byte in the file"),
    Column("bytes", LargeBinary, nullable=False),
    PrimaryKeyConstraint("job_id", "start"),
)

IMPORT_PROBLEM = Table(
    "import_problem",
    PLUMBING,
    Column("job_id", Uuid, nullable=False),
    Column("line", BigInteger, nullable=False),
    Column("n", Integer, nullable=False),
    Column("kind", Text, nullable=False, comment="refused or flagged"),
    Column("field", Text, nullable=False),
    Column("code", Text, nullable=False),
    Column("message", Text, nullable=False),
    PrimaryKeyConstraint("job_id", "line", "n"),
)
