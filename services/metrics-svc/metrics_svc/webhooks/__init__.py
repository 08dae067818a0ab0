"""Webhooks: events sent to systems that read no log, as the Standard Webhooks specification says."""
