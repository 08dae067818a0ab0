"""The `clinch` command: the whole system embedded on one machine (docs/operations/embedded.md).

A supervisor keeps three children alive: Postgres, the API process (four apps under one origin, and the development issuer) and
the worker. Each command is one module with one function, registered in `clinch.main`.
"""
