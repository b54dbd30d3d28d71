"""What the city keeps about residents: a page for everybody, without a login."""

from starlette.requests import Request
from starlette.responses import Response

from madoguchi_liff.framing import frame, protect


async def show_about(request: Request) -> Response:
    """Every form that asks for personal data: what, why, how long, and who sees it."""
    own = request.state.page
    forms = [form for _, form in own.forms() if form.purpose]
    return protect(own.render("about.html", forms=forms, **frame(request, own).values()), own)
