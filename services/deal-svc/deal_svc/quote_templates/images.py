"""Whether a file is an image that a document can show, and one that does nothing else. Pure.

It is read whole: what begins like an image and is none would break every document that shows it.
"""

import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from xml.parsers import expat

SIDE = 4000
"""Pixels on a side, at most: an image is unpacked where documents are made."""
_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_CHANNELS = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}
"""Of each kind of colour: grey, colours, palette, grey and colours with transparency."""
_DEPTHS = {0: (1, 2, 4, 8, 16), 2: (8, 16), 3: (1, 2, 4, 8), 4: (8, 16), 6: (8, 16)}
_PASSES = ((0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2))
"""Of an interlaced image: where each pass begins, and its steps."""

_DRAWN = frozenset(
    (
        *("svg", "g", "defs", "title", "desc", "path", "rect", "circle", "ellipse", "line", "polyline", "polygon"),
        *("linearGradient", "radialGradient", "stop", "clipPath", "mask"),
    )
)
"""What may stand in an SVG: shapes and colours. Texts, images, scripts, styles and copies of other parts may not."""
_ELEMENTS, _DEEP = 5000, 64
_SVG = "http://www.w3.org/2000/svg"


class NoImage(ValueError):
    """Why it is not taken, as a sentence."""


@dataclass(frozen=True, slots=True)
class Image:
    media_type: str
    format: str


PNG, SVG = Image("image/png", "png"), Image("image/svg+xml", "svg")
FORMATS = {image.media_type: image.format for image in (PNG, SVG)}


def checked(body: bytes) -> Image:
    """What kind of image it is. `NoImage` says what is wrong with it."""
    if body.startswith(_SIGNATURE):
        _check_png(body)
        return PNG
    if body.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"<"):
        _check_svg(body)
        return SVG
    raise NoImage("This is neither a PNG nor an SVG.")


# -- PNG -----------------------------------------------------------------------------------------------------------------------


def _check_png(body: bytes) -> None:
    chunks = list(_chunks(body))
    kinds = [kind for kind, _ in chunks]
    if kinds[:1] != [b"IHDR"] or kinds[-1:] != [b"IEND"] or len(chunks[0][1]) != 13:
        raise NoImage("The PNG is not whole.")
    width, height, depth, colour, *_, interlaced = struct.unpack(">IIBBBBB", chunks[0][1])
    if not (0 < width <= SIDE and 0 < height <= SIDE):
        raise NoImage(f"The image may have up to {SIDE} pixels on a side.")
    if depth not in _DEPTHS.get(colour, ()) or interlaced > 1 or (colour == 3 and b"PLTE" not in kinds):
        raise NoImage("The PNG has colours that there are not.")
    bits = depth * _CHANNELS[colour]
    sizes = list(_sizes(width, height)) if interlaced else [(width, height)]
    expected = sum(_bytes(wide, high, bits) for wide, high in sizes)
    unpacking = zlib.decompressobj()
    try:
        pixels = unpacking.decompress(b"".join(data for kind, data in chunks if kind == b"IDAT"), expected + 1)
    except zlib.error:
        raise NoImage("The PNG is damaged.") from None
    if len(pixels) != expected:
        raise NoImage("The PNG is damaged: it has not the pixels that it says.")


def _chunks(body: bytes) -> Iterator[tuple[bytes, bytes]]:
    at = len(_SIGNATURE)
    while at < len(body):
        if at + 12 > len(body):
            raise NoImage("The PNG is not whole.")
        length, kind = struct.unpack(">I4s", body[at : at + 8])
        data = body[at + 8 : at + 8 + length]
        if body[at + 8 + length : at + 12 + length] != struct.pack(">I", zlib.crc32(kind + data)):
            raise NoImage("The PNG is damaged.")
        yield kind, data
        at += 12 + length


def _sizes(width: int, height: int) -> Iterator[tuple[int, int]]:
    for left, top, right, down in _PASSES:
        yield -(-(width - left) // right), -(-(height - top) // down)


def _bytes(width: int, height: int, bits: int) -> int:
    """Each row has its filter before it; a pass without columns has no rows."""
    return height * (1 + (width * bits + 7) // 8) if width > 0 and height > 0 else 0


# -- SVG -----------------------------------------------------------------------------------------------------------------------


def _check_svg(body: bytes) -> None:
    reader = expat.ParserCreate(namespace_separator=" ")
    found = _Drawing()
    reader.StartElementHandler, reader.EndElementHandler = found.begins, found.ends
    reader.StartDoctypeDeclHandler = found.declares
    try:
        reader.Parse(body, True)
    except expat.ExpatError:
        raise NoImage("The SVG is damaged: it is no XML.") from None


class _Drawing:
    """What has been read of a drawing."""

    def __init__(self) -> None:
        self._count = self._depth = 0

    def declares(self, *_: object) -> None:
        raise NoImage("The SVG declares a document type; save it without.")

    def begins(self, name: str, attributes: dict[str, str]) -> None:
        space, _, element = name.rpartition(" ")
        if space != _SVG or element not in _DRAWN:
            raise NoImage(
                f"The SVG may have shapes and colours alone; it has <{element[:40]}>. Turn texts into paths, and save a plain SVG."
            )
        if (self._count == 0) != (element == "svg"):
            raise NoImage("The SVG has to be one drawing.")
        if self._count == 0 and "viewBox" not in attributes and not attributes.keys() >= {"width", "height"}:
            raise NoImage("The SVG does not say how large it is: give it a viewBox.")
        self._count, self._depth = self._count + 1, self._depth + 1
        if self._count > _ELEMENTS or self._depth > _DEEP:
            raise NoImage(f"The SVG may have up to {_ELEMENTS} shapes.")
        for attribute, value in attributes.items():
            plain = "".join(c for c in value if c not in " \t\n'\"")
            if (attribute.rpartition(" ")[2] == "href" and not plain.startswith("#")) or plain.count("url(") != plain.count("url(#"):
                raise NoImage("The SVG refers to another file.")

    def ends(self, _name: str) -> None:
        self._depth -= 1
