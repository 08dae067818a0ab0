"""Approvals: somebody asks, others decide step by step about a content with a hash. Nobody decides their own, and one person one step.

A service declares `Approvals` once for a kind of record (what its events are, who sees the record) and calls `commands` in the
transaction that changes the record. An approval is a row with steps of its own: what happens to it never changes the record's version.
"""
