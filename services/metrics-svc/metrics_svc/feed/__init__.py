"""The feed: every event of the log with one gapless position, for readers without Kafka and for webhooks."""
