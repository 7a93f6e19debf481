"""Pictures: what a file that somebody sends as a logo really is, by its bytes.

In:   bytes.   Out: kind and size, or None for what is no whole PNG, JPEG or WebP.
Never: decodes pixels; trusts a name or a declared type. SVG is none of them: it can hold script.
"""

from dataclasses import dataclass
from struct import unpack_from

PNG, PNG_END = b"\x89PNG\r\n\x1a\n", b"\0\0\0\0IEND\xaeB`\x82"
JPEG, JPEG_END = b"\xff\xd8\xff", b"\xff\xd9"
NO_FRAME = {0xC4, 0xC8, 0xCC}
"""Of the markers C0 to CF, those that begin no frame."""


@dataclass(frozen=True, slots=True)
class Picture:
    kind: str
    width: int
    height: int


def picture_of(data: bytes) -> Picture | None:
    """What the bytes are, if they begin and end as such a file does."""
    if data.startswith(PNG) and data.endswith(PNG_END):
        size = _png_size(data)
    elif data.startswith(JPEG) and data.endswith(JPEG_END):
        size = _jpeg_size(data)
    elif data.startswith(b"RIFF") and data[8:12] == b"WEBP":
        size = _webp_size(data)
    else:
        return None
    kind = {PNG[:2]: "png", JPEG[:2]: "jpeg"}.get(data[:2], "webp")
    return Picture(kind, *size) if size and min(size) > 0 else None


def _png_size(data: bytes) -> tuple[int, int] | None:
    if data[12:16] != b"IHDR" or len(data) < 33:
        return None
    width, height = unpack_from(">II", data, 16)
    return width, height


def _jpeg_size(data: bytes) -> tuple[int, int] | None:
    """Walk from marker to marker to the first frame, which says the size."""
    place = 2
    while place + 9 <= len(data) and data[place] == 0xFF:
        marker, length = data[place + 1], unpack_from(">H", data, place + 2)[0]
        if 0xC0 <= marker <= 0xCF and marker not in NO_FRAME:
            height, width = unpack_from(">HH", data, place + 5)
            return width, height
        place += 2 + length
    return None


def _webp_size(data: bytes) -> tuple[int, int] | None:
    """The three forms: with losses, without, and extended."""
    if len(data) < 30 or unpack_from("<I", data, 4)[0] + 8 != len(data):
        return None
    form = data[12:16]
    if form == b"VP8 " and data[23:26] == b"\x9d\x01\x2a":
        width, height = unpack_from("<HH", data, 26)
        return width & 0x3FFF, height & 0x3FFF
    if form == b"VP8L" and data[20] == 0x2F:
        bits = unpack_from("<I", data, 21)[0]
        return (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
    if form == b"VP8X":
        width, height = (int.from_bytes(data[at : at + 3], "little") + 1 for at in (24, 27))
        return width, height
    return None
