"""The page that people look at: the files of `deploy/web`, and the charts' library, which comes in a wheel.

No build step. A file has the hash of all of them in its address, so that browsers keep it for good; the index names that address, and is
asked for each time.
"""

import hashlib
import html
import importlib.util
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from urllib.parse import urlsplit

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from clinch.errors import CommandError

FOLDER = Path(__file__).resolve().parents[2] / "web"
CLIENT_ID = "clinch-web"
"""The public client with which people sign in at the identity provider."""

CHARTS: Mapping[str, str] = {
    "index.js": "1d2ba6aca0b953103efb38e40ce29fc0fb71f3b04d94de0f0133c166197b789e",
    "index-DlVyZyb_.js": "a67fedec464a22765df705cc09ee7fe16268e32535fbc74dcb5c74c52a02b01d",
}
"""Apache ECharts 6.0 as an ES module, and SHA-256 of its files: docs/decisions/0022-charts-by-echarts-out-of-a-wheel.md."""
_CHARTS_IN = ("nicegui", "elements", "echart", "dist")

_TYPES = {
    ".js": "text/javascript; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".svg": "image/svg+xml",
    ".json": "application/json",
}
_LIBRARIES = "lib/"
_FOREVER = "public, max-age=31536000, immutable"
_SMALLEST = 1024
"""Bytes from which on a file is worth compressing."""


@dataclass(frozen=True)
class Shown:
    """What the index tells the page of where it runs."""

    issuer: str
    development: bool
    """People choose one of the sample people, and the development issuer gives a token."""


@dataclass(frozen=True)
class File:
    body: bytes
    type: str

    @cached_property
    def squeezed(self) -> bytes | None:
        """Compressed, once and well, because it is sent many times and never changes."""
        if len(self.body) < _SMALLEST:
            return None
        squeeze = zlib.compressobj(9, zlib.DEFLATED, 16 + zlib.MAX_WBITS)
        return squeeze.compress(self.body) + squeeze.flush()

    def answer(self, request: Request, headers: Mapping[str, str]) -> Response:
        takes = "gzip" in request.headers.get("accept-encoding", "")
        squeezed = self.squeezed if takes else None
        encoding = {"Content-Encoding": "gzip"} if squeezed else {}
        return Response(squeezed or self.body, media_type=self.type, headers={**headers, **encoding})


class Page:
    """The folder as it is now: while somebody works on it, the next reload shows it."""

    def __init__(self, shown: Shown, folder: Path = FOLDER, charts: Mapping[str, File] | None = None) -> None:
        self._shown, self._folder = shown, folder
        self._charts = charts_files() if charts is None else charts
        self._read: dict[str, File] = {}
        self._seen: Sequence[tuple[Path, int]] = ()
        self._hash = ""

    def routes(self) -> list[Route]:
        return [Route("/", self._index), Route("/app/{hash}/{path:path}", self._file)]

    async def _index(self, request: Request) -> Response:
        files = self._files()
        page = files["index.html"].body.decode()
        at = f"/app/{self._hash}"
        modules = [name for name in files if name.endswith(".js") and not name.startswith(_LIBRARIES)]
        preloads = "\n".join(f'<link rel="modulepreload" href="{at}/{name}">' for name in modules)
        told = {"issuer": self._shown.issuer, "development": str(self._shown.development).lower(), "client": CLIENT_ID}
        said = "\n".join(f'<meta name="clinch-{name}" content="{html.escape(value)}">' for name, value in told.items())
        page = page.replace("<!-- settings -->", said).replace("<!-- modules -->", preloads).replace("/app/hash/", f"{at}/")
        headers = {"Cache-Control": "no-cache", "Content-Security-Policy": self._policy(), "Referrer-Policy": "no-referrer"}
        return File(page.encode(), "text/html").answer(request, headers)

    async def _file(self, request: Request) -> Response:
        """A library is the same in every release that knows its hash, and a page that was opened before this one asks for it late."""
        path = request.path_params["path"]
        file = self._files().get(path)
        current = request.path_params["hash"] == self._hash or path.startswith(_LIBRARIES)
        if file is None or not current or path == "index.html":
            raise HTTPException(404)
        return file.answer(request, {"Cache-Control": _FOREVER})

    def _policy(self) -> str:
        """Nothing from other hosts, nothing written into the page itself; people sign in at the issuer, which may be elsewhere."""
        at = urlsplit(self._shown.issuer)
        issuer = f" {at.scheme}://{at.netloc}" if at.netloc and not self._shown.development else ""
        return (
            f"default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'{issuer}; "
            "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
        )

    def _files(self) -> Mapping[str, File]:
        """By their path in the folder; read again when one of them has changed."""
        paths = sorted(path for path in self._folder.rglob("*") if path.is_file())
        seen = [(path, path.stat().st_mtime_ns) for path in paths]
        if seen != self._seen:
            read = {path.relative_to(self._folder).as_posix(): path for path in paths}
            files = {name: File(path.read_bytes(), _TYPES.get(path.suffix, "text/html")) for name, path in read.items()}
            files |= {f"{_LIBRARIES}echarts/{name}": file for name, file in self._charts.items()}
            whole = hashlib.sha256()
            for name, file in sorted(files.items()):
                whole.update(f"{name}\0{len(file.body)}\0".encode() + file.body)
            self._read, self._seen, self._hash = files, seen, whole.hexdigest()[:16]
        return self._read


def charts_files() -> dict[str, File]:
    """The charts' library, out of its wheel, which is found and not imported. Without the wheel the page shows tables alone.

    Raises `CommandError` for another file than the one that we know.
    """
    spec = importlib.util.find_spec(_CHARTS_IN[0])
    if spec is None or not spec.submodule_search_locations:
        return {}
    folder = Path(spec.submodule_search_locations[0], *_CHARTS_IN[1:])
    found = {}
    for name, known in CHARTS.items():
        try:
            body = (folder / name).read_bytes()
        except OSError as error:
            raise CommandError(
                f"The charts' library is incomplete, {name}: {error.strerror}. Install requirements-page.lock again."
            ) from None
        if hashlib.sha256(body).hexdigest() != known:
            raise CommandError(f"The charts' library is not the one that this release knows, {name}: install requirements-page.lock again.")
        found[name] = File(body, _TYPES[".js"])
    return found
