# nosay: what is said here, staff read
"""Pictures of deliveries: taken in, made anew without what a camera writes into them, shown."""

import asyncio
import io
import re
import secrets
import warnings
from collections.abc import Iterable, Mapping
from typing import Any

from sqlalchemy import insert, select
from sqlalchemy.orm import Session
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from madoguchi_segment.console.visiting import Visit
from madoguchi_segment.deliveries.states import Refused
from madoguchi_segment.deliveries.tables import picture

MOST_BYTES = 10_000_000
"""Of a picture in a message (R38)."""
LONGEST_SIDE = 2_048
MOST_PIXELS = 50_000_000
NAME = re.compile(r"[\w-]{8,40}")


def base_for(page: Any) -> str:
    """What the addresses of pictures begin with, for LINE: always https."""
    origin = re.sub("^http:", "https:", page.gateway.public_url or "https://localhost")
    return f"{origin.rstrip('/')}/{page.gateway.gateway}/segment/image/"


def may_send(page: Any) -> bool:
    """Whether LINE could fetch a picture from us."""
    return bool(page.gateway.public_url)


async def take(here: Visit, file: Any) -> str:
    """Keep a picture; its name. `Refused` if it is none, or too large."""
    if file.size is not None and file.size > MOST_BYTES:
        megabytes = file.size / 1_000_000
        raise Refused(
            "image",
            f"画像「{file.filename}」が大きすぎます（{megabytes:.1f}MB）。"
            "10MBまでの画像にしてください。",
        )
    body = await file.read()
    made = await asyncio.to_thread(_make, body)
    if made is None:
        raise Refused(
            "image",
            f"「{file.filename}」は、画像として開けません。JPEGかPNGの画像をえらんでください。",
        )
    name = secrets.token_urlsafe(12)
    await here.page.write(_keep, name, made, here.page.now)
    return name


def _make(body: bytes) -> bytes | None:
    """The picture as JPEG, upright, with nothing else in it; None: it is no picture."""
    from PIL import Image, ImageOps

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            with Image.open(io.BytesIO(body)) as image:
                if image.format not in ("JPEG", "PNG", "WEBP", "GIF"):
                    return None
                if image.width * image.height > MOST_PIXELS:
                    return None
                upright = ImageOps.exif_transpose(image).convert("RGBA")
    except Exception:  # Pillow raises almost anything at what is no picture
        return None
    upright.thumbnail((LONGEST_SIDE, LONGEST_SIDE))
    plain = Image.new("RGB", upright.size, "white")
    plain.paste(upright, mask=upright)
    file = io.BytesIO()
    plain.save(file, "JPEG", quality=85, optimize=True)
    return file.getvalue()


def _keep(db: Session, name: str, body: bytes, now: Any) -> None:
    db.execute(insert(picture).values(name=name, body=body, at=now))


async def show(request: Request) -> Response:
    """`GET /image/{name}.jpg`: for LINE, for phones, for previews."""
    page = request.state.page
    body = await page.read(_find, request.path_params["name"])
    if body is None:
        raise HTTPException(404)
    headers = {
        "cache-control": "public, max-age=31536000, immutable",
        "content-security-policy": "default-src 'none'; sandbox",
        "x-content-type-options": "nosniff",
    }
    return Response(body, media_type="image/jpeg", headers=headers)


def _find(db: Session, name: str) -> bytes | None:
    return db.scalar(select(picture.c.body).where(picture.c.name == name))


def addresses(db: Session, base: str, names: Iterable[str]) -> dict[str, str]:
    """Name → address, of those that are there."""
    wanted = [name for name in names if NAME.fullmatch(name)]
    found = db.scalars(select(picture.c.name).where(picture.c.name.in_(wanted)))
    return {name: f"{base}{name}.jpg" for name in found}


def names_in(db: Session, base: str, content: Mapping[str, Any]) -> dict[str, str]:
    """Address → name, of our pictures in a content."""
    found = set(re.findall(re.escape(base) + r"([\w-]+)\.jpg", str(content)))
    return {url: name for name, url in addresses(db, base, found).items()}
