"""A person's records go to somebody else, in every service: told by lead-svc, moved by each service in batches."""
