"""From the outbox to the log, and from the log to the readers: relay, bus, consumers, dead letters."""
