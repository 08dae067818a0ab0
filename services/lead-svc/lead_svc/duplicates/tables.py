from sqlalchemy import CheckConstraint, Index

from lead_svc.duplicates.record import AccountDuplicate, ContactDuplicate, Duplicate, P
from lead_svc.metadata import metadata
from shared.db.query import Aggregate
from shared.db.record import table


def _pairs(of: type[P]) -> Aggregate[P]:
    name = f"{of.kind}_duplicate"
    made = table(
        name,
        metadata,
        of,
        CheckConstraint(f"{of.kind}_id < other_id", name="order"),
        Index(f"ix_{name}_{of.kind}_id", f"{of.kind}_id"),
        Index(f"ix_{name}_other_id", "other_id"),
        Index(f"ix_{name}_created", "created_at", "id"),
        comment=f"pairs of {of.kind}s that may be the same, each once; no row where nobody has looked yet",
    )
    return Aggregate(made, of, f"pair of {of.kind}s")


DUPLICATES = _pairs(Duplicate)
ACCOUNT_DUPLICATES = _pairs(AccountDuplicate)
CONTACT_DUPLICATES = _pairs(ContactDuplicate)
