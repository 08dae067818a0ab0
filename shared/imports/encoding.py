"""Which encoding a file is written in."""

import codecs
from dataclasses import dataclass, field

_WESTERN = ("de", "fr", "es", "pt", "it", "nl", "da", "nb", "sv", "fi", "is", "ca")
_CENTRAL = ("pl", "cs", "sk", "hu", "ro", "hr", "sl", "de")
_CYRILLIC = ("ru", "uk", "bg", "sr", "be")


@dataclass(frozen=True, slots=True)
class Encoding:
    """`languages` are those that the encoding is used for; `seldom` is how much rarer it is, as the logarithm of a factor."""

    python: str
    languages: tuple[str, ...] = ()
    seldom: float = 0.0


KNOWN = {
    "utf-8": Encoding("utf-8", (*_WESTERN, *_CENTRAL, *_CYRILLIC, "el", "tr", "he", "ar", "lt", "lv", "et"), -15.0),
    "utf-8-bom": Encoding("utf-8"),
    "utf-16": Encoding("utf-16"),
    "utf-16-le": Encoding("utf-16-le"),
    "utf-16-be": Encoding("utf-16-be"),
    "gb18030": Encoding("gb18030", ("zh",)),
    "big5": Encoding("cp950", ("zh_Hant",)),
    "shift_jis": Encoding("cp932", ("ja",)),
    "euc-jp": Encoding("euc_jp", ("ja",), 3.0),
    "euc-kr": Encoding("cp949", ("ko",), 1.0),
    "windows-1252": Encoding("cp1252", _WESTERN),
    "windows-1250": Encoding("cp1250", _CENTRAL, 1.0),
    "windows-1251": Encoding("cp1251", _CYRILLIC),
    "windows-1253": Encoding("cp1253", ("el",), 1.0),
    "windows-1254": Encoding("cp1254", ("tr", "de", "fr"), 1.0),
    "windows-1255": Encoding("cp1255", ("he",), 1.0),
    "windows-1256": Encoding("cp1256", ("ar", "fa"), 1.0),
    "windows-1257": Encoding("cp1257", ("lt", "lv", "et"), 2.0),
    "windows-1258": Encoding("cp1258", ("vi",), 2.0),
    "windows-874": Encoding("cp874", ("th",), 1.0),
    "iso-8859-1": Encoding("latin-1", _WESTERN, 3.0),
    "iso-8859-2": Encoding("iso8859-2", _CENTRAL, 3.0),
    "iso-8859-5": Encoding("iso8859-5", _CYRILLIC, 4.0),
    "iso-8859-7": Encoding("iso8859-7", ("el",), 3.0),
    "iso-8859-9": Encoding("iso8859-9", ("tr", "de", "fr"), 3.0),
    "iso-8859-15": Encoding("iso8859-15", _WESTERN, 3.0),
    "koi8-r": Encoding("koi8_r", ("ru",), 3.0),
    "koi8-u": Encoding("koi8_u", ("uk", "ru"), 4.0),
    "macintosh": Encoding("mac_roman", _WESTERN, 4.0),
    "ibm437": Encoding("cp437", _WESTERN, 4.0),
    "ibm850": Encoding("cp850", _WESTERN, 4.0),
    "ibm852": Encoding("cp852", _CENTRAL, 4.0),
    "ibm866": Encoding("cp866", ("ru",), 4.0),
}
"""The encodings that are found and can be given, by the names that the web knows."""
PYTHON = {name: encoding.python for name, encoding in KNOWN.items()}
ENCODINGS = tuple(KNOWN)
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
    if told is not None:
        return told, "by the place of its NULs" if told.endswith("e") else "by the mark at its beginning"
    if not shown.sample:
        return "utf-8", "the file is plain ASCII"
    mostly = shown.characters > shown.wrong
    if mostly and not _by_chance(shown):
        return "utf-8", "all of it is UTF-8" if not shown.wrong else f"it is UTF-8 but for {shown.wrong} places; their rows are refused"
    from shared.imports.guess import guessed

    return guessed(shown.sample, mostly)


_FEW = 12


def _by_chance(shown: Bytes) -> bool:
    """Two bytes of another encoding may look like one character of UTF-8, three hardly ever do."""
    return shown.characters < _FEW and not any(c > "\u07ff" for line in shown.sample for c in line.decode("utf-8", "ignore"))
