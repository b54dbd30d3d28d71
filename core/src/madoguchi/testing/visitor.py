"""A browser without JavaScript, for tests: keeps cookies, opens pages, fills in their forms."""

import urllib.error
import urllib.request
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from html.parser import HTMLParser
from http.cookiejar import CookieJar
from typing import Any
from urllib.parse import urlencode, urljoin, urlsplit
from uuid import uuid4

from madoguchi.testing.page import Page, read_page

Typed = str | Sequence[Any] | None
"""A text, several values, `("name.jpg", "image/jpeg", bytes)` in a list, or None: left out."""


@dataclass
class Form:
    """A form of a page: what the browser would send as it stands."""

    action: str
    method: str
    inputs: list[tuple[str, str]] = field(default_factory=list)
    buttons: list[tuple[str, str, str]] = field(default_factory=list)
    """Words, name and value of each button."""
    is_multipart: bool = False


class Visitor:
    """One browser. `sign_in(post)` is called once when a page needs to know who it is."""

    def __init__(
        self,
        base: str,
        sign_in: Callable[["Visitor"], object] | None = None,
        cookies: CookieJar | None = None,
    ) -> None:
        self.base, self.url, self._sign_in = base, base, sign_in
        self.cookies = CookieJar() if cookies is None else cookies
        processor = urllib.request.HTTPCookieProcessor(self.cookies)
        self._opener = urllib.request.build_opener(processor)
        self.page = Page(0, {}, "")

    def session(self) -> list[Any]:
        """The cookies it has, as Playwright's `add_cookies` takes them."""
        host = urlsplit(self.base).hostname
        return [
            {"name": one.name, "value": one.value, "domain": host, "path": one.path}
            for one in self.cookies
        ]

    def opens(self, path: str) -> Page:
        """GET a page, and sign in first if it asks who it is. Raises AssertionError: see `lint`."""
        page = self._go(urljoin(self.base, path))
        if self._sign_in and 'data-place="entrance"' in page:
            self._sign_in(self)
            page = self._go(urljoin(self.base, path))
        return page

    def submits(self, typed: Mapping[str, Typed], button: str = "") -> Page:
        """Fill in the form of the page that has this button, and press it.

        Without `button`, the first form in the page's main part, and its first button.
        """
        form = next((one for one in read_forms(self.page.html) if _has(one, button)), None)
        if form is None:
            raise AssertionError(f"{self.url}: no form has the button {button!r}")
        pressed = next(one for one in form.buttons if button in one[0])
        sent: list[tuple[str, Any]] = [one for one in form.inputs if one[0] not in typed]
        for name, value in typed.items():
            values = [value] if isinstance(value, str) else value or []
            sent += [(name, one) for one in values]
        sent += [(pressed[1], pressed[2])] if pressed[1] else []
        return self.posts(form.action or self.url, sent, multipart=form.is_multipart)

    def posts(
        self,
        path: str,
        sent: Sequence[tuple[str, Any]],
        *,
        multipart: bool = False,
        headers: Mapping[str, str] | None = None,
    ) -> Page:
        """POST inputs as a browser does from a page of the same site."""
        body, kind = _multipart(sent) if multipart else (urlencode(sent).encode(), _URLENCODED)
        given = {"content-type": kind, "sec-fetch-site": "same-origin", **(headers or {})}
        return self._go(urljoin(self.url, path), body, given)

    def _go(
        self, url: str, body: bytes | None = None, headers: Mapping[str, str] | None = None
    ) -> Page:
        request = urllib.request.Request(url, body, dict(headers or {}))
        try:
            with self._opener.open(request, timeout=30) as response:
                self.url = response.url
                self.page = read_page(response.status, dict(response.headers), response.read())
        except urllib.error.HTTPError as error:
            with error:
                self.url = error.url or url
                self.page = read_page(error.code, dict(error.headers), error.read())
        if self.page.problems:
            raise AssertionError(f"{url}: " + "; ".join(self.page.problems))
        return self.page


_URLENCODED = "application/x-www-form-urlencoded"


def _has(form: Form, button: str) -> bool:
    if not button:
        return form.method == "post" and "/language" not in form.action
    return any(button in words for words, _, _ in form.buttons)


def _multipart(sent: Sequence[tuple[str, Any]]) -> tuple[bytes, str]:
    mark, parts = uuid4().hex, []
    for name, value in sent:
        head = f'--{mark}\r\ncontent-disposition: form-data; name="{name}"'
        if isinstance(value, str):
            parts.append(f"{head}\r\n\r\n{value}\r\n".encode())
        else:
            file, kind, data = value
            head += f'; filename="{file}"\r\ncontent-type: {kind}\r\n\r\n'
            parts.append(head.encode() + data + b"\r\n")
    return b"".join(parts) + f"--{mark}--\r\n".encode(), f"multipart/form-data; boundary={mark}"


def read_forms(html: str) -> list[Form]:
    """The forms of a page, in order."""
    reader = _Reader()
    reader.feed(html)
    return reader.forms


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.forms: list[Form] = []
        self._in: Form | None = None
        self._area: str | None = None
        self._select: list[str] | None = None
        """Name and value of the list that is read; a browser sends its first entry, if no other."""
        self._button: tuple[str, str] | None = None
        self._text = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = {name: value or "" for name, value in attrs}
        if tag == "form":
            self._in = Form(values.get("action", ""), values.get("method", "get").lower())
            self._in.is_multipart = "multipart" in values.get("enctype", "")
            self.forms.append(self._in)
        if self._in is None:
            return
        name, kind = values.get("name", ""), values.get("type", "text")
        if tag == "input" and name and kind not in ("file", "submit"):
            if kind not in ("radio", "checkbox") or "checked" in values:
                self._in.inputs.append((name, values.get("value", "")))
        elif tag == "textarea":
            self._area, self._text = name, ""
        elif tag == "select" and name:
            self._select = [name]
        elif tag == "option" and self._select and ("selected" in values or not self._select[1:]):
            self._select[1:] = [values.get("value", "")]
        elif tag == "button" and kind != "button":
            self._button, self._text = (name, values.get("value", "")), ""

    def handle_data(self, data: str) -> None:
        self._text += data

    def handle_endtag(self, tag: str) -> None:
        if self._in is None:
            return
        if tag == "textarea" and self._area:
            self._in.inputs.append((self._area, self._text.removeprefix("\n")))
            self._area = None
        elif tag == "select" and self._select:
            self._in.inputs += [(self._select[0], value) for value in self._select[1:]]
            self._select = None
        elif tag == "button" and self._button:
            self._in.buttons.append((self._text.strip(), *self._button))
            self._button = None
        elif tag == "form":
            self._in = None


def fetch(url: str) -> Page:
    """A page of this machine, opened with a browser of its own."""
    return Visitor(url).opens(url)
