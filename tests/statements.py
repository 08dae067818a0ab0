"""How many statements a transaction runs before its commit, or a read, to hold that many rows take no more of them than one."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from shared.db.tx import Reader, Tx


@contextmanager
def counted(of: type[Reader] = Tx) -> Iterator[list[Reader]]:
    """One entry for each statement: every one of them asks for its connection first."""
    statements: list[Reader] = []
    ready: Any = of._ready

    async def counting(reader: Any, sql: str = "") -> Any:
        statements.append(reader)
        return await ready(reader, sql)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(of, "_ready", counting)
        yield statements
