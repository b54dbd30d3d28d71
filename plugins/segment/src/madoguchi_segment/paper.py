"""A QR code for paper at the counter: it opens the settings in LINE."""

import io
from typing import Any

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from madoguchi import OpenPage
from madoguchi.forms.chat import liff_url

TYPES = {"svg": "image/svg+xml", "png": "image/png"}
FORM = "form/segment/settings"


def build_pages() -> list[OpenPage]:
    """`/{gateway}/segment/qr.svg` and `qr.png`, to be put into a leaflet."""
    return [OpenPage("/qr.svg", show_svg), OpenPage("/qr.png", show_png)]


async def show_svg(request: Request) -> Response:
    """For printing at any size."""
    return _answer(request, "svg")


async def show_png(request: Request) -> Response:
    """For programs that take no SVG: 20 dots a module, about 8 cm at 300 dpi."""
    return _answer(request, "png")


def draw_code(url: str, kind: str) -> bytes:
    """The code as a file. A quarter of it may be dirty or folded (level Q)."""
    import segno

    file = io.BytesIO()
    segno.make(url, error="q", micro=False).save(file, kind=kind, scale=20, border=4)
    return file.getvalue()


def _answer(request: Request, kind: str) -> Response:
    page: Any = request.state.page
    url = liff_url(page.gateway, FORM)
    if url is None:
        raise HTTPException(404)
    headers = {"content-disposition": f'inline; filename="settings.{kind}"'}
    return Response(draw_code(url, kind), media_type=TYPES[kind], headers=headers)
