from sqlalchemy import BigInteger, Boolean, Column, Index, Table, Text, Uuid, text

from lead_svc.metadata import metadata
from lead_svc.parties.rules import Account, Contact
from shared.db.query import Aggregate
from shared.db.tables import At

ACCOUNT = Table(
    "account",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("external_id", Text, unique=True),
    Column("name", Text, nullable=False),
    Column("compared", Text, nullable=False, comment="the name without case, width and needless blanks"),
    Column("owner_id", Uuid),
    Column("region", Text),
    Column("industry", Text),
    Column("size", Text),
    Column("tier", Text),
    Column("imported", Boolean, nullable=False, server_default=text("false"), comment="named by an import before anybody entered it"),
    Column("created_at", At, nullable=False),
    Column("updated_at", At, nullable=False),
    Column("version", BigInteger, nullable=False),
    Index("ix_account_created", "created_at", "id"),
    Index("ix_account_owner", "owner_id", "created_at", "id"),
    Index("ix_account_name", "name", "id"),
    Index("ix_account_compared", "compared"),
)

CONTACT = Table(
    "contact",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("external_id", Text, unique=True),
    Column("account_id", Uuid, nullable=False),
    Column("name", Text, nullable=False),
    Column("email", Text),
    Column("phone", Text),
    Column("job_title", Text),
    Column("created_at", At, nullable=False),
    Column("updated_at", At, nullable=False),
    Column("version", BigInteger, nullable=False),
    Index("ix_contact_created", "created_at", "id"),
    Index("ix_contact_account", "account_id", "created_at", "id"),
    comment="personal data: never in events",
)

ACCOUNTS = Aggregate(ACCOUNT, Account, "account")
CONTACTS = Aggregate(CONTACT, Contact, "contact")
