"""Make docs/images/phone.png: run the demo, add the city as a friend, ask 図書館, take a picture.

    .venv/bin/python tools/screenshot.py [--output FILE]

Needs Chromium (Debian: `apt-get install chromium fonts-noto-cjk`). The demo gets a folder and
ports of its own, so that one which is running is not disturbed.
"""

import argparse
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from time import monotonic, sleep

from playwright.sync_api import Page, expect, sync_playwright

ROOT = Path(__file__).resolve().parents[1]
PICTURE = ROOT / "docs" / "images" / "phone.png"
PHONE = {"width": 390, "height": 844}
PATIENCE = 30.0
"""Seconds, for the demo to start and for each step in the browser."""
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


def ask_for_the_library(page: Page, phone: str) -> None:
    """The newcomer's way: become a resident, add the city, type 図書館, be answered."""
    page.goto(phone)
    page.get_by_label("名前", exact=True).fill("見本 花子")
    page.get_by_role("button", name="新しい住民を作る").click()
    page.get_by_role("button", name="友だち追加").click()
    chat = page.get_by_role("log")
    expect(chat).to_contain_text("友だち追加ありがとうございます")
    for typed, answer in (
        ("図書館", "中央図書館 9:30-19:00"),
        ("駅前分館は何時まで?", "駅前分館の開館時間は"),
    ):
        field = page.get_by_label("メッセージ", exact=True)
        field.fill(typed)
        field.press("Enter")
        expect(chat).to_contain_text(answer)
    page.mouse.move(0, 0)
    field.blur()


def take_picture(output: Path) -> None:
    """Write the picture. RuntimeError if there is no Chromium."""
    chromium = shutil.which("chromium") or shutil.which("google-chrome")
    if chromium is None:
        raise RuntimeError("there is no Chromium here (Debian: apt-get install chromium)")
    expect.set_options(timeout=PATIENCE * 1000)
    with demo() as phone, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=QUIET)
        page = browser.new_page(viewport=PHONE, device_scale_factor=2, locale="ja-JP")
        page.set_default_timeout(PATIENCE * 1000)
        ask_for_the_library(page, phone)
        page.wait_for_timeout(500)  # the last bubble has come to rest
        output.parent.mkdir(parents=True, exist_ok=True)
        page.screenshot(path=output)
        browser.close()


def main() -> None:
    """`tools/screenshot.py [--output FILE]`."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--output", type=Path, default=PICTURE)
    output = parser.parse_args().output
    try:
        take_picture(output)
    except RuntimeError as error:
        sys.exit(f"screenshot: {error}")
    print(f"{output} ({output.stat().st_size // 1024} kB)")


if __name__ == "__main__":
    main()
