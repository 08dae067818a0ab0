"""What people say of a deal.

Bodies, changes, import rows, lists and answers have these fields by inheriting them.
"""

from typing import Annotated

from pydantic import BaseModel, Field

from deal_svc.deals.record import DealKind
from shared.fields import Day, Name, Source


class DealFields(BaseModel):
    """The name and the amount stand beside them: what is needed of those differs."""

    kind: DealKind = DealKind.NEW
    source: Source | None = None
    product: Annotated[Name | None, Field(description="Product line; by default that of the accepted quote")] = None
    region: Annotated[Name | None, Field(description="By default the account's")] = None
    competitor: Name | None = None
    expected_close_on: Day | None = None
