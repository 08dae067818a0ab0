"""Answers that are written while they are made."""

from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import aclosing

from starlette.responses import StreamingResponse
from starlette.types import Receive, Scope, Send


def _nothing() -> None:
    pass


class Streamed(StreamingResponse):
    """Its `pieces` end as soon as the answer does, with all that they hold, and `ended` is called: also when the client has gone.

    `first`: a piece that is there before the answer begins, so that what is refused by then is a refusal and no broken file.
    """

    def __init__(self, pieces: AsyncGenerator[bytes], media_type: str, *, first: bytes = b"", ended: Callable[[], None] = _nothing) -> None:
        self._pieces, self._ended = pieces, ended
        super().__init__(self._body(first), media_type=media_type)

    async def _body(self, first: bytes) -> AsyncIterator[bytes]:
        if first:
            yield first
        async for piece in self._pieces:
            yield piece

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            async with aclosing(self._pieces):
                await super().__call__(scope, receive, send)
        finally:
            self._ended()
