"""Whose events are the history of quotes."""

from collections.abc import Sequence
from uuid import UUID

from deal_svc.quotes.approvals import QUOTE_APPROVALS
from shared.approvals.tables import ids_of
from shared.db.tx import Reader


async def told_of_quotes(db: Reader, quote_ids: Sequence[UUID]) -> list[UUID]:
    """Their own, and those of what was asked for about them."""
    return [*quote_ids, *await ids_of(db, QUOTE_APPROVALS.kind, quote_ids)]
