"""A page that a test opened, looked over for what residents and browsers need."""

from base64 import b64encode
from dataclasses import dataclass, field
from hashlib import sha256
from html.parser import HTMLParser

from madoguchi.testing.wording import find_refused

VOID = {"area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "wbr"}


@dataclass(frozen=True)
class Page:
    """What came back: the status, the headers in lower case, the HTML."""

    status: int
    headers: dict[str, str]
    html: str
    problems: tuple[str, ...] = field(default=())
    """What `lint` found; empty for a good page."""

    def __contains__(self, text: str) -> bool:
        return text in self.html


def read_page(status: int, headers: dict[str, str], body: bytes) -> Page:
    """A page that came back, looked over."""
    headers = {name.lower(): value for name, value in headers.items()}
    html = body.decode("utf-8")
    is_html = headers.get("content-type", "").startswith("text/html")
    return Page(status, headers, html, tuple(lint(html, headers)) if is_html else ())


def lint(html: str, headers: dict[str, str]) -> list[str]:
    """What is wrong with a page, in words."""
    looker = _Looker()
    looker.feed(html)
    problems = looker.problems
    if "lang" not in looker.root:
        problems.append("<html> has no lang")
    if looker.headings != 1:
        problems.append(f"a page has one <h1>, this one has {looker.headings}")
    if not looker.title.strip():
        problems.append("there is no <title>")
    for name in sorted(looker.controls - looker.labelled):
        problems.append(f"the field {name} has no <label for>")
    if looker.open:
        problems.append(f"never closed: {', '.join(looker.open)}")
    for word in find_refused("\n".join(looker.read)):
        problems.append(f"it says {word!r}, which nobody outside understands")
    policy = headers.get("content-security-policy")
    if policy is None:
        problems.append("no content-security-policy")
    for style in looker.styles:
        digest = b64encode(sha256(style.encode()).digest()).decode()
        if f"'sha256-{digest}'" not in (policy or ""):
            problems.append("an inline <style> (the content policy refuses it)")
    return problems


class _Looker(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.problems: list[str] = []
        self.root: dict[str, str | None] = {}
        self.headings, self.title = 0, ""
        self.controls: set[str] = set()
        self.labelled: set[str] = set()
        self.open: list[str] = []
        self.styles: list[str] = []
        self.read: list[str] = []
        """What is shown or read out; what somebody typed is their own."""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = dict(attrs)
        if tag not in VOID and tag not in ("html", "head", "body", "p", "li", "option"):
            self.open.append(tag)
        match tag:
            case "html":
                self.root = values
            case "h1":
                self.headings += 1
            case "img" if "alt" not in values:
                self.problems.append("an <img> has no alt")
            case "label":
                self.labelled.add(values.get("for") or "")
            case "script" if not values.get("src"):
                self.problems.append("an inline <script> (the content policy refuses it)")
            case "input" | "select" | "textarea" if values.get("type") not in ("hidden", "submit"):
                if "aria-label" not in values:
                    self.controls.add(values.get("id") or f"<{tag}> without id")
        for name in values:
            if name.startswith("on") or name == "style":
                self.problems.append(f"<{tag}> has the attribute {name}")
            if name in ("alt", "title", "placeholder", "aria-label"):
                self.read.append(values[name] or "")

    def handle_endtag(self, tag: str) -> None:
        if tag in self.open:
            while self.open and (inner := self.open.pop()) != tag:
                self.problems.append(f"<{inner}> is not closed before </{tag}>")

    def handle_data(self, data: str) -> None:
        if self.open and self.open[-1] == "title":
            self.title += data
        if self.open and self.open[-1] == "style":
            self.styles.append(data)
        elif not self.open or self.open[-1] not in ("script", "textarea"):
            self.read.append(data)
