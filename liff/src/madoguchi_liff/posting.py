"""What a post holds: its size is looked at before it is read, its photos are read in a thread."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from starlette.datastructures import UploadFile
from starlette.requests import Request

from madoguchi.forms import Field, Given, Mistake, media, read_given
from madoguchi.forms.media import Upload

MOST_TYPED = 2_000_000
"""Bytes of a post without photos: 10,000 characters take 90,000."""
MOST_PASSED = 200_000_000
"""Bytes of a post that is refused anyway."""
TOO_LARGE = "送られたものが大きすぎました。小さくするか、数を減らして、もう一度送ってください。"


@dataclass(frozen=True, slots=True)
class Post:
    """A post that was read. `trouble` is the first file that could not be taken."""

    texts: Sequence[tuple[str, str]] = ()
    uploads: Sequence[Upload] = ()
    trouble: Mistake | None = None

    def get(self, name: str) -> str:
        """The first value of an input."""
        return next((value for key, value in self.texts if key == name), "")

    def given(self, field: Field, stored: Sequence[int] = ()) -> Given:
        """What was given for a question; `stored` are the files that came with this post."""
        if instead := self.get("_instead"):
            return Given([instead])
        if getattr(field, "upload", None) is None:
            return read_given(field.name, self.texts)
        kept = [
            int(v) for key, v in self.texts if key == field.name and v.isdecimal() and len(v) < 18
        ]
        return Given(files=[*kept, *stored])


async def read_post(request: Request, field: Field | None) -> Post:
    """Read a post for a question. Never raises for what a browser may send."""
    kind = getattr(field, "upload", None)
    most = getattr(field, "most", 1) if kind else 0
    length = request.headers.get("content-length", "")
    if not length.isdecimal() or int(length) > MOST_TYPED + most * media.MAX_BYTES:
        await _pass_over(request)
        return Post(trouble=Mistake(TOO_LARGE))
    async with request.form(max_files=max(most, 1), max_fields=500) as form:
        texts = [(name, value) for name, value in form.multi_items() if isinstance(value, str)]
        files = list(form.getlist(field.name)) if field and kind else []
        uploads, trouble = [], None
        for file in files:
            if not kind or not isinstance(file, UploadFile) or not file.filename:
                continue
            try:
                uploads.append(await asyncio.to_thread(_read, field, kind, await file.read(), file))
            except Mistake as mistake:
                trouble = trouble or mistake
    return Post(texts, uploads, trouble)


async def _pass_over(request: Request) -> None:
    """Let a post that is too large go by, or the browser would show no answer at all."""
    passed = 0
    async for chunk in request.stream():
        passed += len(chunk)
        if passed > MOST_PASSED:
            return


def _read(field: Any, kind: str, data: bytes, file: UploadFile) -> Upload:
    if kind == "photo":
        return media.read_photo(data)
    return media.read_file(data, file.filename or "", field.types)
