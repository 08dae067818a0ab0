"""How a service reads and writes its own database: pool, statements, transactions, the outbox, row access."""
