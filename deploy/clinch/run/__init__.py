"""The embedded run: one Postgres, one API process and one worker, supervised on one machine."""
