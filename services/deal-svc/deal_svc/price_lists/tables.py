"""Price lists, one row per version."""

from sqlalchemy import CheckConstraint, Index, UniqueConstraint

from deal_svc.metadata import metadata
from deal_svc.price_lists.record import PriceList
from shared.db.query import Aggregate
from shared.db.record import table

PRICE_LIST = table(
    "price_list",
    metadata,
    PriceList,
    CheckConstraint("valid_to >= valid_from", "days"),
    CheckConstraint("revision > 0", "revision"),
    UniqueConstraint("name", "revision"),
    Index(None, "state", "currency"),
    Index(None, "created_at", "id"),
)
PRICE_LISTS = Aggregate(PRICE_LIST, PriceList, "price_list")
