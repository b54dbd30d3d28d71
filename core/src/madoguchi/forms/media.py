"""Photos and files of residents: re-encoded before they are stored, so that no place is left in.

`read_photo` costs hundreds of milliseconds for a large photo: call it in a thread, before the unit.
"""

import io
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from PIL import Image, ImageOps
from sqlalchemy import delete, func, insert, select, update
from sqlalchemy.orm import Session

from madoguchi import tables
from madoguchi.forms.asking import Mistake

MAX_BYTES = 20 * 1024 * 1024
MAX_PIXELS = 50_000_000
"""A photo with more is refused before it is unpacked: it may be a bomb."""
LONGEST = 2_048
"""Pixels of the longer side that are kept."""
FORMATS = ("JPEG", "PNG", "WEBP", "GIF")
NO_PHOTO = "写真として読めませんでした。カメラでとった写真を送ってください。"

_media = tables.media


@dataclass(frozen=True, slots=True)
class Upload:
    """A photo or file that is fit to be stored."""

    kind: str
    """"photo" or "file"."""
    content_type: str
    bytes: bytes
    original: bytes | None = None
    name: str = ""


def read_photo(data: bytes) -> Upload:
    """A photo without EXIF, the right way up, at most 2,048 pixels wide. Raises `Mistake`."""
    if len(data) > MAX_BYTES:
        raise Mistake("写真が大きすぎます。{most}MBまでにしてください。", most=MAX_BYTES // 1024**2)
    try:
        with Image.open(io.BytesIO(data), formats=FORMATS) as image:
            if image.width * image.height > MAX_PIXELS:
                raise Mistake("写真が大きすぎます。小さくしてから送ってください。")
            image.draft("RGB", (LONGEST, LONGEST))  # a JPEG is unpacked no larger than needed
            upright = ImageOps.exif_transpose(image)
            upright.thumbnail((LONGEST, LONGEST))
            clean = Image.new("RGB", upright.size, "white")
            layer = upright.convert("RGBA")
            clean.paste(layer, mask=layer)
    except Mistake:
        raise
    except Exception as error:  # Pillow raises whatever a broken file makes it stumble over
        raise Mistake(NO_PHOTO) from error
    stored = io.BytesIO()
    clean.save(stored, "JPEG", quality=85, optimize=True)
    return Upload("photo", "image/jpeg", stored.getvalue(), data)


def read_file(data: bytes, name: str, types: Sequence[str]) -> Upload:
    """A file of one of these types, which its bytes tell, not its name. Raises `Mistake`."""
    if len(data) > MAX_BYTES:
        raise Mistake(
            "ファイルが大きすぎます。{most}MBまでにしてください。", most=MAX_BYTES // 1024**2
        )
    if data.startswith(b"%PDF-") and "application/pdf" in types:
        return Upload("file", "application/pdf", data, name=name[:200])
    if any(one.startswith("image/") for one in types):
        photo = read_photo(data)
        return Upload("file", photo.content_type, photo.bytes, photo.original, name[:200])
    raise Mistake("この種類のファイルは受け取れません。PDFを送ってください。")


def store(
    db: Session,
    draft_id: int,
    resident_id: int,
    upload: Upload,
    at: datetime,
    *,
    message_key: str | None = None,
    image_set: str | None = None,
) -> int:
    """Put an upload to a draft; its number. It goes when the draft goes."""
    values: dict[str, Any] = {
        "resident_id": resident_id,
        "draft_id": draft_id,
        "kind": upload.kind,
        "name": upload.name,
        "content_type": upload.content_type,
        "bytes": upload.bytes,
        "original": upload.original,
        "message_key": message_key,
        "image_set": image_set,
        "at": at,
    }
    return db.execute(insert(_media).values(values).returning(_media.c.id)).scalar_one()


def count_set(db: Session, draft_id: int, image_set: str) -> int:
    """How many photos of one image set are there."""
    theirs = (_media.c.draft_id == draft_id) & (_media.c.image_set == image_set)
    return db.execute(select(func.count()).where(theirs)).scalar_one()


def belonging(db: Session, draft_id: int, numbers: Sequence[int]) -> list[int]:
    """Those of these numbers that are this draft's, in the order given."""
    theirs = (_media.c.draft_id == draft_id) & _media.c.id.in_(numbers)
    found = set(db.execute(select(_media.c.id).where(theirs)).scalars())
    return [number for number in numbers if number in found]


def load(db: Session, resident_id: int, number: int) -> tuple[str, bytes] | None:
    """Content type and bytes of a photo or file, for the resident whose it is."""
    theirs = (_media.c.id == number) & (_media.c.resident_id == resident_id)
    found = db.execute(select(_media.c.content_type, _media.c.bytes).where(theirs)).one_or_none()
    return tuple(found) if found else None  # type: ignore[return-value]


def keep(db: Session, draft_id: int, submission_id: int, numbers: Sequence[int]) -> None:
    """What was submitted belongs to the submission now; the rest goes with the draft."""
    theirs = (_media.c.draft_id == draft_id) & _media.c.id.in_(numbers)
    db.execute(update(_media).where(theirs).values(submission_id=submission_id, draft_id=None))


def take_back(db: Session, message_key: str) -> None:
    """Forget the photo of a message that was taken back (R13), submitted or not."""
    db.execute(delete(_media).where(_media.c.message_key == message_key))
