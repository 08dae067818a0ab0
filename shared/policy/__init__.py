"""Policy: every number, list and switch of the process, as documents with versions.

`document`: what a document is. `held`: the active ones, in memory. `rules`, `commands`, `api`: how a version is drafted, approved and
made active. `jobs`: what takes longer, simulations and moves.
"""
