"""Pages of a PDF as pictures: to be looked at by people, and by tests for where there is ink."""

import re
import struct
import zlib
from pathlib import Path

import pypdfium2

PICTURES = Path(__file__).parents[1] / "build" / "screenshots"
"""Where CI takes them from."""


class Picture:
    """A page in grey, row by row; `scale` pixels for each point of the page."""

    def __init__(self, page: pypdfium2.PdfPage, scale: float = 1.5) -> None:
        bitmap = page.render(scale=scale, grayscale=True)
        self.scale, self.width, self.height = scale, bitmap.width, bitmap.height
        data = bytes(bitmap.buffer)
        self.rows = [data[y * bitmap.stride : y * bitmap.stride + bitmap.width] for y in range(bitmap.height)]

    def ink(self, left: float, top: float, right: float, bottom: float) -> int:
        """How many pixels are not white in a box, in points from the upper left corner."""
        x, y, to_x, to_y = (round(value * self.scale) for value in (left, top, right, bottom))
        return sum(value < 250 for row in self.rows[y:to_y] for value in row[x:to_x])

    def png(self) -> bytes:
        def chunk(kind: bytes, data: bytes) -> bytes:
            return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

        head = struct.pack(">IIBBBBB", self.width, self.height, 8, 0, 0, 0, 0)
        body = zlib.compress(b"".join(b"\0" + row for row in self.rows), 9)
        return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", body) + chunk(b"IEND", b"")

    def save(self, name: str) -> None:
        PICTURES.mkdir(parents=True, exist_ok=True)
        (PICTURES / f"{re.sub(r'[^a-z0-9-]+', '-', name.lower())}.png").write_bytes(self.png())


def pages_of(pdf: bytes) -> list[pypdfium2.PdfPage]:
    return list(pypdfium2.PdfDocument(pdf))


def text_on(page: pypdfium2.PdfPage) -> str:
    """The text of a page, each printed line by itself."""
    return str(page.get_textpage().get_text_range()).replace("\r\n", "\n")
