"""What every route shares: the transaction at the edge, problems, ETags, idempotency, lists and bulk (conventions §1)."""
