"""The receiver that docs/webhooks.md shows does what it says."""

import asyncio
import os
import re
import socket
import sys
from pathlib import Path

import httpx

from metrics_svc.webhooks.message import PING, ping
from shared.clock import utcnow
from shared.ids import new_id
from shared.outbound import signature
from tests.flow.system import eventually

SHOWN = (Path(__file__).parents[2] / "docs/webhooks.md").read_text()


async def test_the_receiver_in_python_takes_what_is_signed_and_each_message_once(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    [code] = re.findall(r"```python\n(.*?)```", SHOWN, re.S)
    (tmp_path / "receiver.py").write_text(code.replace("9000", str(port)))
    secret = signature.new_secret()
    receiver = await asyncio.create_subprocess_exec(
        sys.executable, tmp_path / "receiver.py", env={**os.environ, "WEBHOOK_SECRET": secret}, stdout=-1, stderr=-3
    )
    body = ping(new_id(), utcnow())
    message = new_id()
    try:
        async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", trust_env=False) as client:

            async def send(*secrets: str) -> int:
                return (await client.post("/hooks", content=body, headers=signature.headers(secrets, message, utcnow(), body))).status_code

            async def listens() -> bool:
                try:
                    return await send(signature.new_secret()) == 401
                except httpx.ConnectError:
                    return False

            await eventually(listens)
            assert [await send(secret), await send(signature.new_secret(), secret)] == [204, 204]
    finally:
        receiver.terminate()
    printed, _ = await receiver.communicate()
    assert printed.decode().count(PING) == 1
