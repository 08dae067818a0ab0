"""The page that a customer's link shows: plain HTML, which works without a script and loads nothing from elsewhere.

Its style and its script stand in it, and are named by their hashes in its Content-Security-Policy.
"""

import base64
import hashlib
from collections.abc import Iterable
from html import escape
from pathlib import Path

from fastapi import Request
from starlette.responses import HTMLResponse

from shared.links.route import secured

_HERE = Path(__file__).parent
STYLE = (_HERE / "page.css").read_text().strip()
SCRIPT = (_HERE / "page.js").read_text().strip()


def _named(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


_HEADERS = secured(forms="'self'", style_src=_named(STYLE), script_src=_named(SCRIPT), connect_src="'self'")


class Html(str):
    """Text that is HTML already; any other text is escaped where it becomes a part of it."""

    __slots__ = ()


def tag(name: str, /, *inner: str, **attributes: str | bool) -> Html:
    """An element: `tag("p", "Bread & butter", id="what")`. `class_` and the like lose their last underscore."""
    said = "".join(
        f" {key.rstrip('_').replace('_', '-')}" + ("" if value is True else f'="{escape(str(value))}"')
        for key, value in attributes.items()
        if value is not False
    )
    return Html(f"<{name}{said}>{joined(inner)}</{name}>")


def void(name: str, /, **attributes: str | bool) -> Html:
    """An element that has no end."""
    return Html(tag(name, **attributes).removesuffix(f"</{name}>"))


def joined(parts: Iterable[str]) -> Html:
    return Html("".join(part if isinstance(part, Html) else escape(part) for part in parts))


def page(request: Request, language: str, title: str, *inner: str, status: int = 200) -> HTMLResponse:
    request.state.rate = _HEADERS
    html = (
        f'<!doctype html>\n<html lang="{escape(language)}"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1"><meta name="color-scheme" content="light dark">'
        f"<title>{escape(title)}</title><style>{STYLE}</style></head>"
        f"<body>{tag('main', *inner)}<script>{SCRIPT}</script></body></html>\n"
    )
    return HTMLResponse(html, status, headers={"Cache-Control": "no-store"})
