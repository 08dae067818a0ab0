"""What the Postgres log and its readers share: how long they wait, and what asyncpg's exceptions mean."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import asyncpg

from shared.log.bus import BusError, BusUnavailable, Message, MessageRefused

CLOSE_TIMEOUT = 5.0  # seconds
RETRY = (0.1, 2.0)  # seconds; first and longest wait between attempts

OF_THE_MESSAGE = (
    asyncpg.exceptions.DataError,  # from the server (class 22), such as a byte that its encoding lacks; asyncpg's own is below it
    asyncpg.exceptions.ProgramLimitExceededError,  # too large
    asyncpg.exceptions.CheckViolationError,
    asyncpg.exceptions.NotNullViolationError,
    asyncpg.exceptions.RaiseError,  # a trigger that somebody put on the log
    UnicodeError,
    OverflowError,
    TypeError,  # orjson: half a surrogate pair
)
"""What the next attempt with the same message meets again, while other messages are taken."""


@contextmanager
def refusing(messages: Sequence[Message]) -> Iterator[None]:
    """Tell what is wrong with one of `messages` from what is wrong with the log."""
    try:
        yield
    except OF_THE_MESSAGE as error:
        raise MessageRefused(messages, f"{type(error).__name__}: {error}") from error


@contextmanager
def as_bus_errors() -> Iterator[None]:
    """Turn the driver's exceptions into this package's: what a restart or a pause cures is BusUnavailable."""
    try:
        yield
    except (
        OSError,  # refused, reset; TimeoutError as well
        asyncpg.InterfaceError,  # the connection was closed under us
        asyncpg.InternalClientError,  # or is about to be: the server has said that it dies
        asyncpg.PostgresConnectionError,
        asyncpg.exceptions.OperatorInterventionError,  # shutting down, starting up, crashed
        asyncpg.exceptions.InsufficientResourcesError,  # disk full, too many connections
        asyncpg.exceptions.TransactionRollbackError,
        asyncpg.exceptions.ReadOnlySQLTransactionError,
    ) as error:
        raise BusUnavailable(f"the Postgres log does not answer: {str(error) or type(error).__name__}") from error
    except asyncpg.PostgresError as error:
        raise BusError(f"the Postgres log refused: {error}") from error
