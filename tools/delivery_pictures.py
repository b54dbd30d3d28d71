"""Make the pictures of docs/ja/deliveries.md: a delivery from the first word to the result.

    .venv/bin/python tools/delivery_pictures.py

Two of the demo's sample people write, approve and send it to the demo's residents, on the next
Tuesday at ten. Needs Chromium, as `screenshot.py` does.
"""

import json
import shutil
import sys
import urllib.request
from datetime import datetime, timedelta

from connect_pictures import City, demo
from playwright.sync_api import Browser, Locator, Page, expect, sync_playwright
from screenshot import IMAGES, PATIENCE, QUIET, write

from madoguchi import JST

PICTURES = ("delivery-who", "delivery-sample", "delivery-approve", "delivery-result")
DESK = {"width": 1100, "height": 760}
TITLE = "親子ひろばのお知らせ"
TEXT = "12日（土）10時から、中央公民館で親子ひろばを開きます。申込みはいりません。\n\n子育て課"


def set_clock(city: City, at: datetime) -> None:
    """The demo's clock, that of the gateway and that of LINE."""
    body = json.dumps({"clock": at.isoformat()}).encode()
    request = urllib.request.Request(
        f"{city.phone}/sim/settings",
        data=body,
        method="PUT",
        headers={"content-type": "application/json"},
    )
    urllib.request.urlopen(request, timeout=PATIENCE).close()


def next_tuesday() -> datetime:
    """The next Tuesday at ten: nobody is asked about telephones and nights."""
    now = datetime.now(JST)
    day = now + timedelta(days=(1 - now.weekday()) % 7 or 7)
    return day.replace(hour=10, minute=0, second=0, microsecond=0)


def enter(browser: Browser, city: City, name: str) -> Page:
    """A window of a sample person's."""
    context = browser.new_context(viewport=DESK, locale="ja-JP")
    context.set_default_timeout(PATIENCE * 1000)
    page = context.new_page()
    page.goto(f"http://127.0.0.1:{city.port}/mihon/console/login")
    page.get_by_role("button", name=name).click()
    expect(page.get_by_role("heading", level=1)).to_have_text(f"{name}さん")
    return page


def wait_for_the_sample(page: Page) -> None:
    """Until the demo has its residents, and behind them its deliveries."""
    for _ in range(int(PATIENCE)):
        page.get_by_role("link", name="配信", exact=True).click()
        page.wait_for_timeout(1000)
        if page.get_by_role("link", name="1歳6か月健診のお知らせ").count():
            return
    raise RuntimeError("the demo made no sample deliveries")


def draw(at: Page | Locator, name: str) -> None:
    """A page or a part of it as a picture."""
    page = at if isinstance(at, Page) else at.page
    page.mouse.move(0, 0)
    write(at.screenshot(), IMAGES / f"{name}.png")


def main() -> None:
    """Take the four pictures."""
    known = ("chromium-headless-shell", "chromium", "google-chrome")
    chromium = next(filter(None, map(shutil.which, known)), None)
    if chromium is None:
        sys.exit("delivery_pictures: there is no Chromium (Debian: apt-get install chromium)")
    expect.set_options(timeout=PATIENCE * 1000)
    with demo(residents=500) as city, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=QUIET)
        set_clock(city, next_tuesday())
        writer, boss = (enter(browser, city, name) for name in ("高橋 さくら", "田中 翔"))
        wait_for_the_sample(writer)
        writer.goto(f"http://127.0.0.1:{city.port}/mihon/console/segment/deliveries/new")
        writer.get_by_label("足す条件").select_option("segment/children")
        writer.get_by_role("button", name="条件を足す").click()
        writer.get_by_label("題名").fill(TITLE)
        writer.get_by_label("1つ目の文（日本語）").fill(TEXT)
        writer.get_by_label("はじめ", exact=True).fill("1")
        writer.get_by_label("終わり", exact=True).fill("3")
        writer.get_by_label("単位").select_option(label="歳")
        expect(writer.locator("#reach")).to_contain_text("1〜3歳")
        writer.set_viewport_size({**DESK, "height": 2400})  # the buttons stay at the bottom
        draw(writer.locator("#who"), PICTURES[0])
        writer.set_viewport_size(DESK)
        writer.get_by_role("button", name="見本を見る").click()
        expect(writer.locator(".screen").first).to_contain_text("親子ひろば")
        draw(writer, PICTURES[1])
        writer.get_by_role("button", name="確認を頼む").click()
        expect(writer.locator(".news").first).to_have_text("確認を頼みました。")
        boss.goto(writer.url.partition("?")[0])
        draw(boss.locator(".two"), PICTURES[2])
        boss.get_by_role("button", name="承認して送る").click()
        set_clock(city, next_tuesday() + timedelta(minutes=2))
        expect(boss.locator(".way [aria-current]")).to_have_text("送信済み")
        boss.goto(boss.url.partition("?")[0])
        draw(boss, PICTURES[3])
        browser.close()


if __name__ == "__main__":
    main()
