"""The page's files as browsers get them: kept for good under their hash, and nothing from elsewhere."""

import gzip
import re
from pathlib import Path

import httpx
import pytest
from starlette.applications import Starlette

from clinch.errors import CommandError
from clinch.run import web
from clinch.run.web import FOLDER, File, Page, Shown, charts_files
from shared.http.cors import public

DEVELOPMENT = Shown("http://127.0.0.1:8000/dev-issuer", development=True)


def browser(folder: Path = FOLDER, shown: Shown = DEVELOPMENT) -> httpx.AsyncClient:
    app = public(Starlette(routes=list(Page(shown, folder).routes())), ())
    return httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://clinch")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "index.html").write_text('<!-- settings --><!-- modules --><script type="module" src="/app/hash/main.js"></script>')
    (tmp_path / "main.js").write_text("// " + "a" * 2000)
    return tmp_path


def modules(index: str) -> list[str]:
    return re.findall(r'(?:src|href)="(/app/[^"]+\.js)"', index)


async def test_the_index_names_files_that_are_kept_for_good() -> None:
    async with browser() as http:
        index = await http.get("/")
        assert index.headers["cache-control"] == "no-cache"
        for path in [*modules(index.text), *re.findall(r'href="(/app/[^"]+\.css)"', index.text)]:
            file = await http.get(path)
            assert (file.status_code, file.headers["cache-control"]) == (200, "public, max-age=31536000, immutable"), path
            assert file.headers["content-type"].startswith(("text/javascript", "text/css"))


async def test_every_module_is_preloaded_and_every_import_is_a_file() -> None:
    async with browser() as http:
        loaded = {path.split("/", 3)[3] for path in modules((await http.get("/")).text)}
    assert loaded == {path.relative_to(FOLDER).as_posix() for path in FOLDER.rglob("*.js")}
    for name in loaded:
        for found in re.findall(r'^import .* from "([^"]+)"', (FOLDER / name).read_text(), re.MULTILINE):
            assert (FOLDER / name).parent.joinpath(found).resolve().is_file(), (name, found)


async def test_nothing_comes_from_elsewhere_and_no_markup_is_written_into_the_page() -> None:
    async with browser() as http:
        index = await http.get("/")
    policy = index.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert not re.search(r"<style|style=|<script(?![^>]*src=)|\son\w+=", index.text)
    for path in FOLDER.rglob("*.js"):
        assert not re.search(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(|new Function", path.read_text()), path
        assert "https://" not in path.read_text(), path


async def test_only_the_identity_provider_may_be_asked_besides() -> None:
    async with browser(shown=Shown("https://id.example/realms/x?a=1", development=False)) as http:
        index = await http.get("/")
    assert "connect-src 'self' https://id.example; " in index.headers["content-security-policy"]


async def test_an_issuer_is_a_text_and_no_markup(folder: Path) -> None:
    async with browser(folder, Shown('https://x"><script>', development=False)) as http:
        assert "<script>" not in (await http.get("/")).text


async def test_a_changed_file_has_another_address(folder: Path) -> None:
    async with browser(folder) as http:
        [_, before] = modules((await http.get("/")).text)
        (folder / "main.js").write_text("// other")
        [_, after] = modules((await http.get("/")).text)
        assert before != after
        assert (await http.get(after)).text == "// other"
        assert (await http.get(before)).status_code == 404


async def test_a_page_that_was_opened_before_a_release_still_gets_its_charts(folder: Path) -> None:
    async with browser(folder) as http:
        assert (await http.get("/app/before/lib/echarts/index.js")).status_code == 200
        assert (await http.get("/app/before/main.js")).status_code == 404


async def test_files_are_compressed_for_those_who_take_it(folder: Path) -> None:
    async with browser(folder) as http:
        [_, path] = modules((await http.get("/")).text)
        async with http.stream("GET", path, headers={"Accept-Encoding": "gzip"}) as answer:
            sent = b"".join([piece async for piece in answer.aiter_raw()])
        assert answer.headers["content-encoding"] == "gzip"
        assert gzip.decompress(sent) == (folder / "main.js").read_bytes()
        plain = await http.get(path, headers={"Accept-Encoding": "identity"})
        assert "content-encoding" not in plain.headers


async def test_no_path_leads_out_of_the_folder(folder: Path) -> None:
    (folder.parent / "secret.js").write_text("secret")
    async with browser(folder) as http:
        [_, path] = modules((await http.get("/")).text)
        at = path.rpartition("/")[0]
        for beyond in ("../secret.js", "..%2fsecret.js", "index.html", "%2e%2e/secret.js"):
            assert (await http.get(f"{at}/{beyond}")).status_code == 404


def test_the_charts_are_those_of_the_lock() -> None:
    files = charts_files()
    assert files.keys() == web.CHARTS.keys()
    assert all(isinstance(file, File) and file.squeezed for name, file in files.items() if name != "index.js")


def test_other_charts_than_those_known_are_not_served(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(web, "CHARTS", dict.fromkeys(web.CHARTS, "0" * 64))
    with pytest.raises(CommandError, match=r"requirements-page\.lock"):
        charts_files()
