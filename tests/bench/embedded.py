"""The whole embedded system, started by the command that everybody uses."""

import asyncio
import os
import sys
from pathlib import Path

_CLINCH = Path(sys.executable).with_name("clinch")


async def clinch(*command: str) -> str:
    """What it says. RuntimeError, with that, when it fails."""
    settings = {name: value for name, value in os.environ.items() if not name.startswith("CLINCH_")}
    process = await asyncio.create_subprocess_exec(
        str(_CLINCH), *command, env=settings, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT
    )
    said = (await process.communicate())[0].decode()
    if process.returncode:
        raise RuntimeError(f"clinch {command[0]}: {said}")
    return said
