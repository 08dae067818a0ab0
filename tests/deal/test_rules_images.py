"""Which files are images that a document can show: they are read whole, and do nothing but draw."""

import struct
import zlib

import pytest

from deal_svc.quote_templates.images import PNG, SIDE, SVG, NoImage, checked

DRAWING = '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 9 9">{}</svg>'


def chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def png(
    width: int = 5, height: int = 3, *, depth: int = 8, colour: int = 2, interlaced: int = 0, pixels: bytes | None = None, more: bytes = b""
) -> bytes:
    channels = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}.get(colour, 1)
    data = b"\0" * (height * (1 + (width * depth * channels + 7) // 8)) if pixels is None else pixels
    head = struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, interlaced)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + more + chunk(b"IDAT", zlib.compress(data)) + chunk(b"IEND", b"")


@pytest.mark.parametrize("colour", [0, 2, 4, 6])
def test_a_png_of_each_kind_of_colour(colour: int) -> None:
    assert checked(png(colour=colour)) == PNG
    assert checked(png(depth=1, colour=0)) == PNG
    assert checked(png(colour=3, more=chunk(b"PLTE", b"\0\0\0"))) == PNG


def test_an_interlaced_png_has_the_pixels_of_its_passes() -> None:
    # 5 x 3 pixels of a byte: passes of 1, 1, 0, 1 and 3 pixels, two rows of 2, and 5; each row has its filter before it.
    assert checked(png(5, 3, colour=0, interlaced=1, pixels=bytes(2 + 2 + 0 + 2 + 4 + 2 * 3 + 6))) == PNG
    with pytest.raises(NoImage, match="has not the pixels"):
        checked(png(5, 3, colour=0, interlaced=1))


@pytest.mark.parametrize(
    ("body", "says"),
    [
        (b"", "neither"),
        (b"GIF89a", "neither"),
        (png()[:-3], "not whole"),
        (png()[:20] + b"x" + png()[21:], "damaged"),
        (png(SIDE + 1, 1), "up to 4000 pixels"),
        (png(colour=3), "colours"),
        (png(depth=4, colour=2), "colours"),
        (png(pixels=b"\0"), "has not the pixels"),
        (png(pixels=b"\0" * 10**6), "has not the pixels"),
    ],
)
def test_what_is_no_png_is_refused_with_the_reason(body: bytes, says: str) -> None:
    with pytest.raises(NoImage, match=says):
        checked(body)


def test_a_drawing_of_shapes_and_colours() -> None:
    shapes = '<defs><linearGradient id="a"><stop offset="0"/></linearGradient></defs><g><path d="M0 0h9" fill="url(#a)"/></g>'
    assert checked(DRAWING.format(shapes).encode()) == SVG
    assert checked(b'\xef\xbb\xbf<?xml version="1.0"?>' + DRAWING.format("").encode()) == SVG


@pytest.mark.parametrize(
    ("drawing", "says"),
    [
        (DRAWING.format("<script/>"), "shapes and colours alone"),
        (DRAWING.format("<style>*{}</style>"), "shapes and colours alone"),
        (DRAWING.format('<image href="file:///etc/passwd"/>'), "shapes and colours alone"),
        (DRAWING.format("<foreignObject/>"), "shapes and colours alone"),
        (DRAWING.format("<text>x</text>"), "shapes and colours alone"),
        (DRAWING.format('<use href="#a"/>'), "shapes and colours alone"),
        (DRAWING.format('<path xmlns="urn:else" d=""/>'), "shapes and colours alone"),
        (DRAWING.format('<linearGradient href="http://x/#a"/>'), "another file"),
        (DRAWING.format('<path fill="url(#a) url( &quot;http://x&quot;)"/>'), "another file"),
        ('<!DOCTYPE svg [<!ENTITY a "b">]>' + DRAWING.format(""), "document type"),
        (DRAWING.format("<g>"), "no XML"),
        (DRAWING.format(DRAWING.format("")), "one drawing"),
        ('<svg xmlns="http://www.w3.org/2000/svg"/>', "how large"),
        (DRAWING.format("<g/>" * 6000), "up to 5000 shapes"),
        (DRAWING.format("<g>" * 80 + "</g>" * 80), "up to 5000 shapes"),
        ("<html/>", "shapes and colours alone"),
    ],
)
def test_a_drawing_that_does_more_is_refused(drawing: str, says: str) -> None:
    with pytest.raises(NoImage, match=says):
        checked(drawing.encode())
