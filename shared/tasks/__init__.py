"""Tasks: what somebody has to do about a record, by when, and which act does it.

A service declares `Tasks` once for a kind of record, and a `TaskKind` for each. A task is a row of its own: a reminder or a closed task
never changes the version of the record. It is for whoever owns the record.
"""
