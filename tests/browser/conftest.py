"""Chromium as a phone: it may talk to this machine alone, and has nothing to complain about."""

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import (
    Browser,
    BrowserContext,
    Page,
    Request,
    Route,
    expect,
    sync_playwright,
)

from madoguchi.testing.visitor import Visitor
from madoguchi.testing.wording import find_refused

CHROMIUM = Path(
    shutil.which("chromium-headless-shell") or shutil.which("chromium") or "/usr/bin/chromium"
)
QUIET = (
    "--no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking"
    " --disable-component-update --disable-sync"
)
ROOT = Path(__file__).resolve().parents[2]
SIZES = {"phone": (390, 844), "desk": (1366, 768)}
PATIENCE = 30_000  # milliseconds; the machine may be busy
SMALL = """() => [...document.querySelectorAll('a, button, summary, input, textarea, select')]
  .filter((node) => node.offsetParent && !node.matches('.skip, .unseen'))
  .map((node) => node.closest('label.option, label.tick, .rows summary') ?? node)
  .map((node) => [node.outerHTML.slice(0, 80), node.getBoundingClientRect()])
  .filter(([, box]) => box.width > 0 && (box.height < 44 || box.width < 44))
  .map(([html, box]) => `${html} ${box.width}×${box.height}`)"""
"""What is too small for a finger."""
READ = """() => [document.title, document.body.innerText, ...[...document.querySelectorAll(
  '[aria-label], img[alt]')].map((node) => node.ariaLabel ?? node.alt)].join("\\n")
  .replace(document.querySelector('.reason[lang=en]')?.innerText ?? '', '')"""
"""What can be read or heard; LINE's own reasons, for developers, are in English."""
AT_REST = """() => Promise.allSettled(document.getAnimations()
  .filter((one) => Number.isFinite(one.effect.getComputedTiming().endTime))
  .map((one) => one.finished))"""
"""Waits for what is fading in: half faded, no text has the contrast it will have."""


@pytest.fixture(scope="module")  # not longer: while it lives, no other test may run a loop
def browser() -> Iterator[Browser]:
    if not CHROMIUM.exists():
        pytest.skip("no Chromium on this machine (Debian: apt-get install chromium)")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=QUIET.split())
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def everything() -> str:
    """The source of a plugin that asks every kind of question."""
    return (ROOT / "liff" / "tests" / "everything.py").read_text("utf-8")


@pytest.fixture
def look_over() -> Callable[..., None]:
    """`look_over(page, name)`: axe finds nothing, nothing scrolls sideways, targets are large,
    and it is said in plain words (design §3).
    """

    def look(page: Page, name: str, *, has_large_targets: bool = True) -> None:
        page.evaluate(AT_REST)
        found = Axe().run(page)
        assert found.violations_count == 0, f"{name}: {found.generate_report()}"
        room = page.evaluate(
            "[document.documentElement.scrollWidth, document.documentElement.clientWidth]"
        )
        assert room[0] <= room[1], f"{name} scrolls sideways: {room}"
        read = page.evaluate(READ)
        assert find_refused(read) == [], f"{name}: words that nobody outside understands"
        small = page.evaluate(SMALL) if has_large_targets else []
        assert not small, f"{name}: {small}"

    return look


@pytest.fixture
def keep_picture() -> Callable[[Page, str], None]:
    """`keep_picture(page, name)`, for people to look at: MADOGUCHI_TEST_PICTURES names a folder."""

    def keep(page: Page, name: str) -> None:
        if folder := os.environ.get("MADOGUCHI_TEST_PICTURES"):
            page.screenshot(path=Path(folder) / f"{name}.png", full_page=True)

    return keep


@pytest.fixture
def look_at(look_over, keep_picture) -> Callable[[Page, str], None]:
    """`look_at(page, name)`: looked over on a phone and on a desk."""

    def look(page: Page, name: str) -> None:
        for size, (width, height) in SIZES.items():
            page.set_viewport_size({"width": width, "height": height})
            keep_picture(page, f"{name}-{size}")
            look_over(page, f"{name} {size}")

    return look


@pytest.fixture(
    params=[SIZES["phone"], pytest.param(SIZES["desk"], marks=pytest.mark.slow)],
    ids=["phone", "desk"],
)
def window(request: pytest.FixtureRequest, browser: Browser) -> Iterator[BrowserContext]:
    """A window of staff's, as narrow as a phone; with --slow as wide as their desk's, too."""
    width, height = request.param
    window = browser.new_context(viewport={"width": width, "height": height}, locale="ja-JP")
    window.set_default_timeout(PATIENCE)
    expect.set_options(timeout=PATIENCE)
    yield window
    window.close()


@pytest.fixture
def open_with(browser: Browser) -> Iterator[Callable[..., Page]]:
    """`open_with(visitor, "phone")`: a window of somebody's own, in which they are logged in."""
    expect.set_options(timeout=PATIENCE)
    contexts = []

    def open_window(visitor: Visitor, size: str = "desk") -> Page:
        width, height = SIZES[size]
        viewport = {"width": width, "height": height}
        context = browser.new_context(viewport=viewport, locale="ja-JP")
        contexts.append(context)
        context.add_cookies(visitor.session())
        page = context.new_page()
        page.set_default_timeout(PATIENCE)
        return page

    yield open_window
    for context in contexts:
        context.close()


@pytest.fixture
def complaints() -> list[str]:
    """What the browser's console says that it could not do; empty at the end of a test."""
    return []


@pytest.fixture
def page(browser: Browser, complaints: list[str]) -> Iterator[Page]:
    """A page of 390×844 pixels."""
    context = browser.new_context(viewport={"width": 390, "height": 844}, locale="ja-JP")
    expect.set_options(timeout=PATIENCE)
    page = context.new_page()
    page.set_default_timeout(PATIENCE)
    outside: list[str] = []

    def is_ours(address: str) -> bool:
        parts = urlsplit(address)
        return parts.scheme in ("data", "blob") or parts.hostname == "127.0.0.1"

    def stop(route: Route) -> None:
        route.abort()

    def note(request: Request) -> None:
        if not is_ours(request.url):
            outside.append(request.url)

    context.route(lambda address: not is_ours(address), stop)
    context.on("request", note)
    page.on("console", lambda said: said.type == "error" and complaints.append(said.text))
    page.on("pageerror", lambda error: complaints.append(str(error)))
    yield page
    context.close()
    assert not outside, "requests left the machine"
    assert not complaints
