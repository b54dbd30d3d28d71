"""Where a button of a delivery leads: the tap is counted, and nothing about who tapped."""

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from madoguchi_segment.deliveries import links


async def follow(request: Request) -> Response:
    """`GET /go/{token}`: count, and send on."""
    url = await request.state.page.write(links.count_tap, request.path_params["token"])
    if url is None:
        raise HTTPException(404)
    headers = {"cache-control": "no-store", "referrer-policy": "no-referrer"}
    return RedirectResponse(url, 302, headers=headers)
