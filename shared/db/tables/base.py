"""What the plumbing tables have in common: their metadata, and a service's own, which begins with them."""

from sqlalchemy import DateTime, MetaData

NAMING = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}

At = DateTime(timezone=True)


def service_metadata() -> MetaData:
    """A service's metadata with the plumbing tables already in it; the service adds its features' tables."""
    metadata = MetaData(naming_convention=NAMING)
    for table in PLUMBING.tables.values():
        table.to_metadata(metadata)
    return metadata


PLUMBING = MetaData(naming_convention=NAMING)
