"""Which files can be attached, and whether one is what it says. Pure."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

from shared.errors import Invalid, Problem

_ZIP = (b"PK\x03\x04",)
_OFFICE = "application/vnd.openxmlformats-officedocument"


@dataclass(frozen=True, slots=True)
class FileType:
    """`begins`: how such a file begins; nothing for a text. `never`: what must not be in it, with what that is."""

    media_type: str
    begins: tuple[bytes, ...] = ()
    never: Mapping[bytes, str] | None = None


_PDF = {
    b"/Encrypt": "is encrypted",
    b"/JavaScript": "has a script in it",
    b"/Launch": "starts a program",
    b"/EmbeddedFile": "has other files in it",
}
_MACROS = {b"vbaProject.bin": "has macros in it"}

TYPES: Mapping[str, FileType] = {
    "pdf": FileType("application/pdf", (b"%PDF-",), _PDF),
    "png": FileType("image/png", (b"\x89PNG\r\n\x1a\n",)),
    "jpg": FileType("image/jpeg", (b"\xff\xd8\xff",)),
    "jpeg": FileType("image/jpeg", (b"\xff\xd8\xff",)),
    "docx": FileType(f"{_OFFICE}.wordprocessingml.document", _ZIP, _MACROS),
    "xlsx": FileType(f"{_OFFICE}.spreadsheetml.sheet", _ZIP, _MACROS),
    "pptx": FileType(f"{_OFFICE}.presentationml.presentation", _ZIP, _MACROS),
    "txt": FileType("text/plain"),
    "csv": FileType("text/csv"),
    "eml": FileType("message/rfc822"),
}
"""By the end of a file's name. Pages, drawings with scripts, archives and old Office files, in which macros hide, are none of them."""
MEDIA_TYPES = tuple(dict.fromkeys(one.media_type for one in TYPES.values()))
_BINARY = (*(begin for one in TYPES.values() for begin in one.begins), b"MZ", b"\x7fELF", b"\xd0\xcf\x11\xe0")
_OVERLAP = 32


class OtherFile(Problem):
    status = 415
    code = "unsupported_media_type"
    title = "The file is of another type"


def type_of(name: str, declared: str, allowed: Collection[str]) -> FileType:
    """The type that a file's name says; `OtherFile` when such files are not taken, or the request says that it is another."""
    ending = name.rpartition(".")[2].lower() if "." in name else ""
    if ending not in TYPES or ending not in allowed:
        raise OtherFile(f"Files of these kinds can be attached: {', '.join(sorted(allowed))}. The name of the file ends with its kind.")
    if TYPES[ending].media_type != declared:
        raise OtherFile(f"The name says .{ending}: send it with the header Content-Type: {TYPES[ending].media_type}.")
    return TYPES[ending]


class Inspection:
    """Looks at a file as it comes, piece by piece; raises `Invalid` as soon as it is not what it says."""

    def __init__(self, kind: FileType) -> None:
        self._kind = kind
        self._tail = b""
        self._is_first = True

    def look(self, piece: bytes) -> None:
        if self._is_first:
            self._look_at_beginning(piece)
            self._is_first = False
        seen = self._tail + piece
        for found, says in (self._kind.never or {}).items():
            if found in seen:
                raise refused(f"The file {says}, so it is not taken; save it without.")
        if not self._kind.begins and b"\0" in piece:
            raise refused("The file is no text, though its name says so.")
        self._tail = seen[-_OVERLAP:]

    def _look_at_beginning(self, piece: bytes) -> None:
        if self._kind.begins and not piece.startswith(self._kind.begins):
            raise refused("The file is not of the kind that its name says.")
        if not self._kind.begins and piece.startswith(_BINARY):
            raise refused("The file is no text, though its name says so.")


def refused(says: str) -> Invalid:
    return Invalid(says, pointer="", code="bad_file")


def known_types(given: Iterable[str]) -> tuple[str, ...]:
    """Each once, in small letters; ValueError for one that there is not."""
    types = tuple(dict.fromkeys(one.lower() for one in given))
    if unknown := [one for one in types if one not in TYPES]:
        raise ValueError(f"there is no kind of file {unknown[0]}; there are {', '.join(TYPES)}")
    return types
