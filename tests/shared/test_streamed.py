"""Answers that are written while they are made end what they hold, whenever the client goes."""

from collections.abc import AsyncGenerator
from typing import Any

import pytest

from shared.http.streamed import Streamed

SCOPE = {"type": "http", "asgi": {"version": "3.0", "spec_version": "2.4"}, "method": "GET", "path": "/", "headers": []}


@pytest.mark.parametrize("gone_at", [1, 2, 3, None])
async def test_what_the_pieces_hold_is_free_when_the_answer_ends(gone_at: int | None) -> None:
    """At the head, at the first piece, in the middle, never."""
    told: list[str] = []
    sent: list[bytes] = []
    calls = 0

    async def pieces() -> AsyncGenerator[bytes]:
        try:
            yield b"first,"
            yield b"second,"
            yield b"third"
        finally:
            told.append("freed")

    async def send(message: Any) -> None:
        nonlocal calls
        calls += 1
        if calls == gone_at:
            raise OSError("gone")
        sent.append(message.get("body", b""))

    async def receive() -> Any:
        raise AssertionError("nobody asks")

    made = pieces()
    answer = Streamed(made, "text/csv", first=await anext(made), ended=lambda: told.append("ended"))
    if gone_at is None:
        await answer(SCOPE, receive, send)
        assert b"".join(sent) == b"first,second,third"
    else:
        with pytest.raises(Exception):  # noqa: B017, PT011  # whatever Starlette makes of it
            await answer(SCOPE, receive, send)
    assert told == ["freed", "ended"]
