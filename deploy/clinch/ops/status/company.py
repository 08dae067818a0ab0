"""The zone and currency that the data are kept in, as the databases remember them."""

import asyncio
from dataclasses import dataclass

PATIENCE = 4.0  # seconds for a database


@dataclass(frozen=True)
class CompanyState:
    """`changing`: a `clinch rezone` to this zone and currency is not finished."""

    time_zone: str
    reporting_currency: str
    changing: bool

    def __str__(self) -> str:
        if self.changing:
            return f"A change to {self.time_zone} and {self.reporting_currency} is not finished: run `clinch rezone` again."
        return f"Days are those of {self.time_zone}, figures are in {self.reporting_currency}."


async def company(url: str) -> CompanyState | None:
    """None where the database does not answer, or was never started with this release."""
    import asyncpg

    from shared.company import MoveState, history

    try:
        async with asyncio.timeout(PATIENCE):
            conn = await asyncpg.connect(url)
            try:
                known = await history(conn)
            finally:
                await conn.close()
    except (OSError, TimeoutError, asyncpg.PostgresError):
        return None
    if not known:
        return None
    changing = any(row.state is not MoveState.DONE for row in known)
    return CompanyState(known[-1].time_zone, known[-1].reporting_currency, changing)
