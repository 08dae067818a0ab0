"""How many statements a transaction runs before its commit, to hold that many rows take no more of them than one."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from shared.db.tx import Tx


@contextmanager
def counted() -> Iterator[list[Tx]]:
    """One entry for each statement: every one of them asks for its connection first."""
    statements: list[Tx] = []
    ready = Tx._ready

    async def counting(tx: Tx, sql: str = "") -> Any:
        statements.append(tx)
        return await ready(tx, sql)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Tx, "_ready", counting)
        yield statements
