"""Access: who sees what. The table of kinds and roles, and the one predicate that follows from it.

`kinds` is pure: rules import it. `rows` gives the condition for statements, `held` the same for one record in memory, `members` keeps
who has a part in a record.
"""
