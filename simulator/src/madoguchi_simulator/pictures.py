"""Pictures as far as a platform must understand them: how large they are, and a grey one."""

import struct
import zlib

_PNG = b"\x89PNG\r\n\x1a\n"
# The markers of a JPEG's frame headers: all of C0 to CF but tables, arithmetic coding, extensions.
_FRAMES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}


def read_size(data: bytes) -> tuple[str, int, int] | None:
    """Media type, width and height (px) of a PNG or JPEG, by its headers; None if it is neither."""
    if data.startswith(_PNG) and data[12:16] == b"IHDR" and len(data) >= 24:
        return "image/png", *struct.unpack(">II", data[16:24])
    if data.startswith(b"\xff\xd8") and (size := _jpeg_size(data)):
        return "image/jpeg", *size
    return None


def _jpeg_size(data: bytes) -> tuple[int, int] | None:
    at = 2
    while at + 9 <= len(data) and data[at] == 0xFF:
        marker, length = data[at + 1], int.from_bytes(data[at + 2 : at + 4], "big")
        if marker in _FRAMES:
            height, width = struct.unpack(">HH", data[at + 5 : at + 9])
            return width, height
        at += 1 if marker == 0xFF else 2 + length
    return None


def grey_png(width: int, height: int) -> bytes:
    """A grey rectangle as PNG."""

    def chunk(name: bytes, data: bytes) -> bytes:
        checksum = struct.pack(">I", zlib.crc32(name + data))
        return struct.pack(">I", len(data)) + name + data + checksum

    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    rows = zlib.compress((b"\0" + b"\x99" * width) * height)
    return _PNG + chunk(b"IHDR", header) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")
