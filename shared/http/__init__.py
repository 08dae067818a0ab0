"""What every route shares: the transaction, problems, ETags, idempotency, lists and bulk."""
