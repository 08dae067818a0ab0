"""Makes PDFs, each in a process of its own with limits of time and memory. Typst and its font are loaded there, never here."""

import asyncio
import json
import os
import sys
from base64 import b64encode
from collections.abc import Mapping, Sequence
from contextlib import suppress
from datetime import datetime
from importlib.util import find_spec
from itertools import accumulate, pairwise
from pathlib import Path
from typing import Any

import structlog

from shared.documents import glyphs
from shared.documents.record import Template, as_json
from shared.errors import Problem, Unavailable

_CHILD = Path(__file__).with_name("child.py")
SECONDS = 10
MEGABYTES = 512
PATIENCE = 6
"""How many times as long somebody may take whom nobody waits for."""
_NOWHERE = "http://127.0.0.1:9"
AT_ONCE = 2
"""Documents that a process makes side by side; the others wait."""
WAITING_SECONDS = 5.0
_log = structlog.get_logger()

Images = Mapping[str, tuple[str, bytes]]
"""Pictures that a template shows: name -> the format (`png`, `svg`) and the bytes."""


class NotInstalled(Problem):
    """This installation makes no documents (501): it lacks the extra `documents`."""

    status = 501
    code = "documents_not_installed"
    title = "Documents cannot be made here"


class RenderFailed(Exception):
    """Typst made nothing. `diagnostic` is for whoever writes the template; it may quote a customer, so no log has it."""

    def __init__(self, template: Template, status: int | None, diagnostic: str) -> None:
        super().__init__(f"{template.name} could not be rendered (exit status {status})")
        self.diagnostic = diagnostic


def check_installed() -> tuple[Path, ...]:
    """The files of the fonts, or `NotInstalled`."""
    fonts = glyphs.font_files()
    if fonts is None or find_spec("typst") is None:
        raise NotInstalled("Typst or its fonts are not installed here: install Clinch with its extra `documents`.")
    return fonts


class _Turns:
    """A semaphore for each event loop, since one belongs to the loop that it waited in."""

    def __init__(self) -> None:
        self._of: tuple[asyncio.AbstractEventLoop, asyncio.Semaphore] | None = None

    def here(self) -> asyncio.Semaphore:
        loop = asyncio.get_running_loop()
        if self._of is None or self._of[0] is not loop:
            self._of = (loop, asyncio.Semaphore(AT_ONCE))
        return self._of[1]


_TURNS = _Turns()


def check_printable(said: Mapping[str, Any]) -> None:
    """Refuse what the fonts cannot print (`Invalid`), with the field and the character."""
    glyphs.check(said, [glyphs.coverage_of(font) for font in check_installed()])


async def render(
    template: Template,
    said: Mapping[str, Any],
    *,
    made_at: datetime,
    images: Images | None = None,
    seconds: int = SECONDS,
    megabytes: int = MEGABYTES,
) -> bytes:
    """The PDF that the template makes of what is said; `made_at` is the time that it says it is from.

    The same input gives the same bytes. `Invalid` names a character that cannot be printed. `Unavailable` when it took too long.
    """
    [made] = await render_all(template, [said], made_at=made_at, images=images, seconds=seconds, megabytes=megabytes)
    return made


async def render_all(
    template: Template,
    said: Sequence[Mapping[str, Any]],
    *,
    made_at: datetime,
    images: Images | None = None,
    seconds: int = SECONDS,
    megabytes: int = MEGABYTES,
    patient: bool = False,
) -> list[bytes]:
    """The same for several, such as a document in each language: one process loads the fonts once. All are made, or none.

    `patient`: nobody waits for them. They give way to what somebody waits for, and may wait longer themselves.
    """
    for one in said:
        check_printable(one)
    asked = {
        "template": str(template.folder / template.name),
        "root": str(template.folder),
        "fonts": [str(font.parent) for font in check_installed()],
        "data": [as_json(one) for one in said],
        "images": {name: (format, b64encode(body).decode()) for name, (format, body) in (images or {}).items()},
        "timestamp": int(made_at.timestamp()),
        "seconds": seconds,
        "megabytes": megabytes,
        "patient": patient,
    }
    turn = _TURNS.here()
    try:
        async with asyncio.timeout(WAITING_SECONDS):
            await turn.acquire()
    except TimeoutError:
        raise Unavailable("Too many documents are being made.") from None
    try:
        lengths, _, pdfs = (await _in_child(template, as_json(asked).encode(), seconds * (PATIENCE if patient else 1))).partition(b"\n")
    finally:
        turn.release()
    ends = list(accumulate(json.loads(lengths), initial=0))
    return [pdfs[start:end] for start, end in pairwise(ends)]


async def _in_child(template: Template, asked: bytes, seconds: int) -> bytes:
    child = await asyncio.create_subprocess_exec(
        sys.executable,
        "-P",
        str(_CHILD),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        env=_environment(),
    )
    try:
        async with asyncio.timeout(seconds):
            made, said = await child.communicate(asked)
    except TimeoutError:
        _log.warning("document_too_slow", template=template.name, seconds=seconds)
        raise Unavailable("The document took too long to make.", retry_after=5) from None
    finally:
        if child.returncode is None:
            with suppress(ProcessLookupError):
                child.kill()
            await child.wait()
    if child.returncode != 0 or not made:
        raise RenderFailed(template, child.returncode, said.decode(errors="replace"))
    return made


def _environment() -> dict[str, str]:
    """No secret of ours, and no way out: Typst would look for packages through a proxy where nothing listens."""
    kept = {name: os.environ[name] for name in ("LD_LIBRARY_PATH", "SYSTEMROOT") if name in os.environ}
    return kept | {"PYTHONPATH": os.pathsep.join(sys.path)} | dict.fromkeys(("http_proxy", "https_proxy", "HTTPS_PROXY"), _NOWHERE)
