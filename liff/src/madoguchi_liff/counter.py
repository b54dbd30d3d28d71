"""窓口で見せる番号: six digits by which staff at the counter find the resident who stands there."""

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from madoguchi.counter import find_code, make_code


async def show_code(request: Request) -> Response:
    """`GET /mine/counter`: the number that is good now, or a button for one."""
    page = request.state.page
    code = await page.read(find_code, page.resident.id, page.now.timestamp())
    until = page.own_data().time_of(code.until) if code else ""
    shown = f"{code.digits[:3]} {code.digits[3:]}" if code else ""
    return page.render("counter.html", digits=shown, until=until)


async def give_code(request: Request) -> Response:
    """`POST /mine/counter`: a new number; the one before is no good any more."""
    page = request.state.page
    await page.write(make_code, page.resident.id, page.now.timestamp())
    return RedirectResponse(page.path("/liff/mine/counter"), 303)
