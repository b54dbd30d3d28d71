"""Where a counted button leads: the tap is counted, nothing about who tapped, and on it goes."""

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse

from madoguchi_segment.deliveries.links import count_tap


async def go_on(request: Request) -> RedirectResponse:
    """Send on to the address that the button had; only addresses that staff wrote are known."""
    url = await request.state.page.write(count_tap, request.path_params["token"])
    if url is None:
        raise HTTPException(404)
    return RedirectResponse(url, 303)
