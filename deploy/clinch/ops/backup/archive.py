"""A backup is an ordinary .tar.gz: `manifest.json` first, then the files it names. It is written whole or not at all, and no byte of it
is believed without its SHA-256.
"""

import gzip
import hashlib
import json
import os
import tarfile
import zlib
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from io import BytesIO
from pathlib import Path, PurePosixPath
from typing import IO, Any

from clinch.errors import CommandError

FORMAT = 1
_MANIFEST = "manifest.json"
_CHUNK = 1024 * 1024
_UNREADABLE = (tarfile.TarError, gzip.BadGzipFile, zlib.error, EOFError)
_LEVEL = 3  # of gzip: twice as fast as 6, and 5 % larger

Progress = Callable[[int], None]
"""Hears how many bytes have been dealt with since the last call."""


@dataclass(frozen=True)
class About:
    """When and of what a backup was made. `revisions`: of each database; `bus` is None where the log is in the backup."""

    made_at: str
    clinch: str
    postgres: str
    revisions: Mapping[str, str | None]
    bus: str | None = None


@dataclass(frozen=True)
class Manifest:
    """`files`: size in bytes and SHA-256, by path; `folders` too, since Postgres needs its empty ones."""

    about: About
    files: Mapping[str, tuple[int, str]]
    folders: tuple[str, ...]

    @property
    def size(self) -> int:
        return sum(size for size, _ in self.files.values())


def write(tree: Path, about: About, target: Path, progress: Progress) -> None:
    """Pack the files under `tree` into the archive `target`, a draft that its caller renames. Twice the tree's size is reported."""
    paths = sorted(tree.rglob("*"))
    files = {_name(tree, path): (path.stat().st_size, _digest(path, progress)) for path in paths if path.is_file()}
    folders = [_name(tree, path) for path in paths if path.is_dir()]
    described = json.dumps({"format": FORMAT, **asdict(about), "folders": folders, "files": files}, indent=1).encode()
    with _new(target) as raw:
        with tarfile.open(fileobj=raw, mode="w:gz", compresslevel=_LEVEL) as archive:
            _add(archive, _MANIFEST, len(described), BytesIO(described))
            for name, (size, _) in files.items():
                with (tree / name).open("rb") as file:
                    _add(archive, name, size, file)
                progress(size)
        raw.flush()
        os.fsync(raw.fileno())


def manifest(archive: Path) -> Manifest:
    """What the archive says of itself. Raises CommandError when it says nothing that can be read."""
    with _opened(archive) as packed:
        return _manifest(archive, packed)


def unpack(archive: Path, into: Path | None, progress: Progress) -> None:
    """Read all of the archive, into the folder `into` if one is given. Raises CommandError when anything is not as it was written."""
    with _opened(archive) as packed:
        expected = _manifest(archive, packed)
        missing = dict(expected.files)
        if into:
            for name in ("", *expected.folders):
                (into / name).mkdir(mode=0o700)
        try:
            while (member := packed.next()) is not None:
                size, digest = missing.pop(member.name, (-1, ""))
                if not member.isfile() or member.size != size:
                    raise _damaged(archive, f"{member.name} is not as it was")
                file = packed.extractfile(member)
                assert file
                if _copy(file, into / member.name if into else None, progress) != digest:
                    raise _damaged(archive, f"{member.name} is not as it was")
            while packed.fileobj.read(_CHUNK):  # gzip compares its own sum when it is read to the end
                pass
        except _UNREADABLE as error:
            raise _damaged(archive, str(error)) from None
        if missing:
            raise _damaged(archive, f"{min(missing)} is missing")


def _manifest(archive: Path, packed: tarfile.TarFile) -> Manifest:
    try:
        first = packed.next()
        file = packed.extractfile(first) if first and first.name == _MANIFEST else None
        found: dict[str, Any] = json.load(file) if file else {}
    except (*_UNREADABLE, ValueError) as error:
        raise _damaged(archive, str(error)) from None
    if (written := found.pop("format", None)) is None:
        raise CommandError(f"{archive} is no backup of Clinch: it has no manifest.", 2)
    if written != FORMAT:
        raise CommandError(f"{archive} was written by a newer Clinch (format {written}): restore it with that.", 2)
    files, folders = found.pop("files"), found.pop("folders")
    if any(".." in PurePosixPath(name).parts or name.startswith("/") for name in (*files, *folders)):
        raise _damaged(archive, "it names files outside of itself")
    return Manifest(About(**found), {name: (size, digest) for name, (size, digest) in files.items()}, tuple(folders))


def _opened(archive: Path) -> tarfile.TarFile:
    try:
        return tarfile.open(archive, "r:gz")
    except _UNREADABLE:
        raise CommandError(f"{archive} is no backup of Clinch, or is damaged from its first byte on.", 2) from None


def _damaged(archive: Path, reason: str) -> CommandError:
    return CommandError(f"{archive} is damaged ({reason}); nothing was restored from it.")


def _name(tree: Path, path: Path) -> str:
    return path.relative_to(tree).as_posix()


def _add(archive: tarfile.TarFile, name: str, size: int, file: IO[bytes]) -> None:
    member = tarfile.TarInfo(name)
    member.size, member.mode = size, 0o600
    archive.addfile(member, file)


def _new(path: Path) -> IO[bytes]:
    """For its owner only: there are people's data and a signing key in it."""
    return os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb")


def _digest(path: Path, progress: Progress) -> str:
    with path.open("rb") as file:
        return _copy(file, None, progress)


def _copy(file: IO[bytes], to: Path | None, progress: Progress) -> str:
    """The SHA-256 of what was read."""
    digest = hashlib.sha256()
    out = _new(to) if to else None
    try:
        while chunk := file.read(_CHUNK):
            digest.update(chunk)
            progress(len(chunk))
            if out:
                out.write(chunk)
    finally:
        if out:
            out.close()
    return digest.hexdigest()
