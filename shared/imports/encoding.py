"""Which encoding a file is written in."""

import codecs
from dataclasses import dataclass, field

PYTHON = {
    "utf-8": "utf-8", "utf-8-bom": "utf-8", "utf-16": "utf-16", "utf-16-le": "utf-16-le", "utf-16-be": "utf-16-be",
    "gb18030": "gb18030", "big5": "cp950", "shift_jis": "cp932", "euc-jp": "euc_jp", "euc-kr": "cp949",
    "windows-1252": "cp1252", "windows-1250": "cp1250", "windows-1251": "cp1251", "windows-1253": "cp1253", "windows-1254": "cp1254",
    "windows-1257": "cp1257", "windows-1258": "cp1258", "iso-8859-1": "latin-1", "iso-8859-2": "iso8859-2", "iso-8859-15": "iso8859-15",
    "koi8-r": "koi8_r", "ibm850": "cp850", "ibm852": "cp852", "ibm866": "cp866", "macintosh": "mac_roman",
}  # fmt: skip
"""The encodings that can be given, by the names that the web knows, and what Python calls them."""
ENCODINGS = tuple(PYTHON)
_KEPT = 256 * 1024
_KEPT_OF_A_PIECE = 16 * 1024


@dataclass(slots=True)
class Bytes:
    """What the bytes of a whole file show, piece by piece."""

    newlines: int = 0
    returns: int = 0
    """Carriage returns without a newline."""
    characters: int = 0
    """Right UTF-8 characters beyond ASCII."""
    wrong: int = 0
    """Places that are not UTF-8."""
    first: bytes = b""
    sample: list[bytes] = field(default_factory=list)
    """Lines with bytes beyond ASCII."""
    nuls: int = 0
    size: int = 0
    _tail: bytes = b""
    _kept: int = 0

    def see(self, piece: bytes) -> None:
        self.first = self.first or piece
        self.size += len(piece)
        self.newlines += piece.count(b"\n")
        self.returns += piece.count(b"\r") - piece.count(b"\r\n")
        self.nuls += piece.count(b"\0")
        piece = self._tail + piece
        self._tail = b""
        if not piece.isascii():
            cut = max(piece.rfind(b"\n"), piece.rfind(b"\r")) + 1
            if cut and len(piece) - cut < _KEPT:
                piece, self._tail = piece[:cut], piece[cut:]
            self._beyond_ascii(piece)

    def end(self) -> None:
        if self._tail:
            self._beyond_ascii(self._tail)
            self._tail = b""

    def _beyond_ascii(self, piece: bytes) -> None:
        text = piece.decode("utf-8", "ignore")
        self.characters += len(text) - len(text.encode("ascii", "ignore"))
        try:
            piece.decode("utf-8")
        except UnicodeDecodeError:
            self.wrong += sum(_places(line) for line in piece.splitlines() if not line.isascii())
        kept = 0
        for line in piece.splitlines():
            if self._kept > _KEPT or kept > _KEPT_OF_A_PIECE:
                break
            if not line.isascii():
                self.sample.append(line[:4096])
                kept += len(line[:4096])
        self._kept += kept


def _places(line: bytes) -> int:
    return line.decode("utf-8", "replace").count("\ufffd")


def marked(first: bytes) -> str | None:
    """The encoding that a byte order mark, or the place of NULs, tells."""
    if first.startswith(codecs.BOM_UTF8):
        return "utf-8-bom"
    if first.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16"
    if first.count(b"\0") * 50 < len(first) or len(first) < 4:
        return None
    best = max(("utf-16-le", "utf-16-be"), key=lambda name: _plain(first, name))
    return best if _plain(first, best) > 0 else None


def _plain(first: bytes, name: str) -> int:
    """ASCII characters in the text, or none at all where it holds what no text does."""
    try:
        text = codecs.getincrementaldecoder(name)("strict").decode(first)
    except UnicodeDecodeError:
        return 0
    plain = [c for c in text if c < "\x80"]
    controls = sum(c < " " and c not in "\t\r\n" for c in plain)
    return len(plain) if controls == 0 and len(plain) * 20 > len(text) else 0


def sure(first: bytes) -> str | None:
    """The encoding of a file whose first bytes leave no doubt, or None."""
    told = marked(first)
    if told is not None:
        return told
    try:
        text = codecs.getincrementaldecoder("utf-8")("strict").decode(first)
    except UnicodeDecodeError:
        return None
    return "utf-8" if text.isascii() or sum(c > "\u07ff" for c in text) else None


def encoding_of(shown: Bytes) -> tuple[str, str]:
    """The encoding of a whole file, and why. `Unsettled` when it may be written in several."""
    told = marked(shown.first)
    if told == "utf-8-bom" or (told and told.startswith("utf-16")):
        return told, "by the mark at its beginning" if not told.endswith("e") else "by the place of its NULs"
    return "utf-8", "all of it is UTF-8"
