"""Small pictures, whole and true: what a logo may be."""

import zlib
from struct import pack


def png(text: str = "", *, width: int = 6, height: int = 3) -> bytes:
    """A grey PNG; `text` makes one that is like no other."""
    rows = b"".join(b"\0" + b"\x77" * width for _ in range(height))
    parts = (
        (b"IHDR", pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)),
        (b"tEXt", b"Comment\0" + text.encode()),
        (b"IDAT", zlib.compress(rows)),
        (b"IEND", b""),
    )
    return b"\x89PNG\r\n\x1a\n" + b"".join(map(_chunk, parts))


def _chunk(part: tuple[bytes, bytes]) -> bytes:
    name, data = part
    return pack(">I", len(data)) + name + data + pack(">I", zlib.crc32(name + data))
