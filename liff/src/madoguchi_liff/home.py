"""The first page: what can be done here."""

from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import Response

from madoguchi.languages import Words


@dataclass(frozen=True, slots=True)
class Link:
    """A form and where it is."""

    title: Words
    path: str


async def show_home(request: Request) -> Response:
    """The forms of this city, each a link."""
    page = request.state.page
    links = [
        Link(form.title, page.path(f"/liff/form/{plugin.name}/{form.name}"))
        for plugin, form in page.forms()
    ]
    return page.render("home.html", forms=links)
