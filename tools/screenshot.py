"""Make the pictures of the READMEs: a resident's phone in the demo, taken in Chromium.

    .venv/bin/python tools/screenshot.py [NAME ...]

Without names all of `PICTURES` are taken and written to docs/images/. Needs Chromium (Debian:
`apt-get install chromium fonts-noto-cjk`). The demo gets a folder and ports of its own, so that
one which is running is not disturbed.
"""

import argparse
import io
import json
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import urllib.request
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from time import monotonic, sleep
from urllib.parse import urljoin

from PIL import Image
from playwright.sync_api import FrameLocator, Page, expect, sync_playwright

ROOT = Path(__file__).resolve().parents[1]
IMAGES = ROOT / "docs" / "images"
PHONE = {"width": 390, "height": 844}
PATIENCE = 30.0
"""Seconds, for the demo to start and for each step in the browser."""
COLOURS = 128
"""In a picture: enough for a phone's page, and a third of the bytes."""
QUIET = ("--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking")


@contextmanager
def demo() -> Iterator[str]:
    """Run the demo as long as the block lasts; gives the address of the resident's phone."""
    port, sim_port = free_ports()
    with tempfile.TemporaryDirectory(prefix="madoguchi-") as folder:
        argv = [str(Path(sys.executable).with_name("madoguchi")), "demo", "--data", folder]
        argv += ["--port", str(port), "--sim-port", str(sim_port)]
        running = subprocess.Popen(argv, cwd=ROOT, stdout=subprocess.DEVNULL)
        try:
            wait_for(f"http://127.0.0.1:{port}/health/ready", running)
            yield f"http://127.0.0.1:{sim_port}"
        finally:
            running.send_signal(signal.SIGINT)
            running.wait(PATIENCE)


def free_ports() -> tuple[int, int]:
    """A port for pages whose successor, the door's, is free as well, and one for the phone."""
    while True:
        with (
            socket.create_server(("127.0.0.1", 0)) as first,
            socket.create_server(("127.0.0.1", 0)) as phone,
        ):
            port = first.getsockname()[1]
            try:
                socket.create_server(("127.0.0.1", port + 1)).close()
            except (OSError, OverflowError):
                continue
            return port, phone.getsockname()[1]


def wait_for(address: str, running: subprocess.Popen[bytes]) -> None:
    """Return when a page answers 200. RuntimeError if the demo ends or takes too long."""
    until = monotonic() + PATIENCE
    while running.poll() is None and monotonic() < until:
        try:
            urllib.request.urlopen(address, timeout=1).close()
            return
        except OSError:
            sleep(0.1)
    raise RuntimeError("the demo did not start; `./run demo` shows why")


# What residents do. Each picture is of somebody new, who has just been greeted.


def say(page: Page, words: str, answer: str) -> None:
    """Type something and be answered."""
    field = page.get_by_label("メッセージ", exact=True)
    field.fill(words)
    field.press("Enter")
    expect(page.get_by_role("log")).to_contain_text(answer)


def ask_for_the_library(page: Page) -> None:
    """The newcomer's way: type 図書館."""
    say(page, "図書館", "中央図書館 9:30-19:00")
    say(page, "駅前分館は何時まで?", "駅前分館の開館時間は")


def be_greeted(page: Page) -> None:
    """Nothing more: three languages, and buttons to choose one."""
    expect(page.get_by_role("button", name="やさしい日本語")).to_be_visible()


def read_about(page: Page) -> None:
    """What the city keeps."""
    page.get_by_role("button", name="お預かりする情報").click()
    expect(page.frame_locator("iframe").get_by_role("heading", level=1)).to_be_visible()


def open_settings(page: Page) -> FrameLocator:
    """お知らせの受け取り設定, its first question open."""
    page.get_by_role("button", name="お知らせの受け取り設定").click()
    sheet = allow(page)
    expect(sheet.get_by_role("heading", level=1)).to_have_text("お知らせの受け取り設定")
    return sheet


def choose_topics(page: Page) -> FrameLocator:
    """Three topics, saved."""
    sheet = open_settings(page)
    for topic in ("防災・緊急", "子育て", "ごみ・リサイクル"):
        sheet.get_by_label(topic).check()
    save(sheet, "topics")
    expect(sheet.get_by_text("保存しました：")).to_be_visible()
    return sheet


def mistake_a_birthdate(page: Page) -> None:
    """A day that does not exist; the page says so and keeps what was typed."""
    sheet = choose_topics(page)
    fill_in_a_child(sheet, "2024", "2", "30")
    expect(sheet.get_by_role("alert")).to_be_visible()


def be_confirmed(page: Page) -> None:
    """A few minutes later the chat says what was set, and how many children, but no birthdate."""
    sheet = choose_topics(page)
    fill_in_a_child(sheet, "2024", "2", "29")
    expect(sheet.locator("#row-children .now")).to_contain_text("2024")
    page.get_by_role("button", name="閉じる").first.click()
    move_clock(page, 300)
    expect(page.get_by_role("log")).to_contain_text("お子さん1人")


def allow(page: Page) -> FrameLocator:
    """LINE's consent screen, which comes before the first page; answers the sheet."""
    sheet = page.frame_locator("iframe")
    sheet.get_by_role("button", name="許可する").click()
    return sheet


def fill_in_a_child(sheet: FrameLocator, year: str, month: str, day: str) -> None:
    """A child's birthdate."""
    row = sheet.locator("#row-children")
    row.get_by_text("変える").click()
    for label, value in (("年", year), ("月", month), ("日", day)):
        row.get_by_label(label, exact=True).fill(value)
    save(sheet, "children")


def save(sheet: FrameLocator, row: str) -> None:
    """Press the button of one row."""
    sheet.locator(f"#row-{row}").get_by_role("button", name="保存する", exact=True).click()


def move_clock(page: Page, seconds: int) -> None:
    """Move the demo's clock, the gateway's and the simulator's."""
    body = json.dumps({"clock": seconds}).encode()
    headers = {"Content-Type": "application/json"}
    address = urljoin(page.url, "/sim/settings")
    urllib.request.urlopen(urllib.request.Request(address, body, headers, method="PUT")).close()


PICTURES: dict[str, Callable[[Page], object]] = {
    "phone": ask_for_the_library,
    "ja-greeting": be_greeted,
    "ja-about": read_about,
    "ja-settings": choose_topics,
    "ja-error": mistake_a_birthdate,
    "ja-confirmed": be_confirmed,
}
"""Each picture's name and what the resident does before it is taken."""


def become_a_friend(page: Page, phone: str) -> None:
    """Become a resident and add the city."""
    page.goto(phone)
    page.get_by_label("名前", exact=True).fill("見本 花子")
    page.get_by_role("button", name="新しい住民を作る").click()
    page.get_by_role("button", name="友だち追加").click()
    expect(page.get_by_role("log")).to_contain_text("友だち追加ありがとうございます")


def take_pictures(names: Sequence[str]) -> None:
    """Write the pictures. RuntimeError if there is no Chromium."""
    known = ("chromium-headless-shell", "chromium", "google-chrome")
    chromium = next(filter(None, map(shutil.which, known)), None)
    if chromium is None:
        raise RuntimeError("there is no Chromium here (Debian: apt-get install chromium)")
    expect.set_options(timeout=PATIENCE * 1000)
    with demo() as phone, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=QUIET)
        for name in names:
            page = browser.new_page(viewport=PHONE, device_scale_factor=2, locale="ja-JP")
            page.set_default_timeout(PATIENCE * 1000)
            become_a_friend(page, phone)
            PICTURES[name](page)
            page.mouse.move(0, 0)
            page.evaluate("document.activeElement.blur()")
            page.wait_for_timeout(700)  # what moved has come to rest
            write(page.screenshot(), IMAGES / f"{name}.png")
            page.close()
        browser.close()


def write(picture: bytes, path: Path) -> None:
    """Write a screenshot as a PNG with a palette."""
    path.parent.mkdir(parents=True, exist_ok=True)
    few = Image.open(io.BytesIO(picture)).convert("RGB").quantize(COLOURS, dither=Image.Dither.NONE)
    few.save(path, optimize=True)
    print(f"{path.relative_to(ROOT)} ({path.stat().st_size // 1000} kB)")


def main() -> None:
    """`tools/screenshot.py [NAME ...]`."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("names", nargs="*", metavar="NAME", help=", ".join(PICTURES))
    names = parser.parse_args().names
    if unknown := [name for name in names if name not in PICTURES]:
        parser.error(f"there is no picture {unknown[0]!r}; there are: {', '.join(PICTURES)}")
    try:
        take_pictures(names or list(PICTURES))
    except RuntimeError as error:
        sys.exit(f"screenshot: {error}")


if __name__ == "__main__":
    main()
