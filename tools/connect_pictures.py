"""Make the pictures of docs/connect-line.md: our own side of connecting an account.

    .venv/bin/python tools/connect_pictures.py

The demo's simulator stands in for LINE; what `madoguchi connect` prints is shown as it is, with the
demo's addresses written as a city's would be. Needs Chromium, as `screenshot.py` does.
"""

import html
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from playwright.sync_api import Browser, expect, sync_playwright
from screenshot import (
    IMAGES,
    PATIENCE,
    PHONE,
    QUIET,
    ROOT,
    become_a_friend,
    free_ports,
    open_settings,
    wait_for,
    write,
)

PICTURES = ("connect-begin", "connect-page", "connect-check")
PROGRAM = str(Path(sys.executable).with_name("madoguchi"))
SHEET = """<!doctype html><meta charset="utf-8"><style>
body {{ margin: 0; background: #fff; }}
pre {{ margin: 0; padding: 20px 24px; font: 15px/1.6 "Noto Sans Mono CJK JP", monospace;
  color: #1a1a1a; white-space: pre-wrap; width: 752px; }}
b {{ color: #00703c; }} i {{ color: #b3261e; font-style: normal; }} u {{ color: #8a5a00;
  text-decoration: none; }}
</style><pre>{text}</pre>"""
COLOURS = {"✓": "b", "✗": "i", "△": "u", "？": "u"}


@dataclass(frozen=True)
class City:
    """A demo that runs: where it is, and how its commands are called."""

    folder: Path
    port: int
    phone: str

    def run(self, *command: str, typed: str = "") -> str:
        """What a command of `madoguchi` prints, with a city's addresses."""
        kept = json.loads((self.folder / "secrets.json").read_text("utf-8"))
        here = f"http://127.0.0.1:{self.port}"
        environment = os.environ | {
            "MIHON_CHANNEL_SECRET": kept["secret"],
            "MIHON_ACCESS_TOKEN": kept["token"],
            "MIHON_LINE_PLATFORM": self.phone,
            "MIHON_DRILL_SECRET": kept["drill_secret"],
            "MIHON_DRILL_TOKEN": kept["drill_token"],
            "MIHON_DRILL_PLATFORM": f"http://127.0.0.1:{urlsplit(self.phone).port + 2}",
            "MIHON_MAIL_SERVER": "127.0.0.1:25",
            "MIHON_PUBLIC_URL": here,
        }
        argv = [PROGRAM, *command, "--config", "config/mihon.toml", "--data", str(self.folder)]
        done = subprocess.run(
            argv,
            cwd=ROOT,
            env=environment,
            input=typed,
            capture_output=True,
            text=True,
            check=False,
        )
        return re.sub(r"http://127\.0\.0\.1:\d+", "https://line.city.example", done.stdout)

    def connect(self, *options: str, typed: str = "") -> str:
        """What `madoguchi connect` prints."""
        webhook = f"http://127.0.0.1:{self.port + 1}/mihon/webhook"
        return self.run("connect", "--webhook", webhook, *options, typed=typed)


@contextmanager
def demo(residents: int = 7) -> Iterator[City]:
    """Run the demo as long as the block lasts."""
    port, sim_port = free_ports()
    with tempfile.TemporaryDirectory(prefix="madoguchi-") as folder:
        argv = [PROGRAM, "demo", "--data", folder, "--residents", str(residents)]
        argv += ["--port", str(port), "--sim-port", str(sim_port)]
        running = subprocess.Popen(argv, cwd=ROOT, stdout=subprocess.DEVNULL)
        try:
            wait_for(f"http://127.0.0.1:{port}/health/ready", running)
            yield City(Path(folder), port, f"http://127.0.0.1:{sim_port}")
        finally:
            running.send_signal(signal.SIGINT)
            running.wait(PATIENCE)


ASKED = re.compile(r"(入れてください: |\[y/N\]: |なら s: )")


def answered(output: str, typed: list[str]) -> str:
    """The dialogue as a terminal shows it: behind each question what was typed."""
    answers = iter(typed)
    return ASKED.sub(lambda asked: f"{asked[1]}{next(answers)}\n", output)


def draw(browser: Browser, text: str, name: str) -> None:
    """A command's output as a picture."""
    page = browser.new_page(viewport={"width": 800, "height": 100}, device_scale_factor=1.1)
    shown = html.escape(text.strip("\n"))
    for mark, tag in COLOURS.items():
        shown = re.sub(rf"^{mark}", f"<{tag}>{mark}</{tag}>", shown, flags=re.MULTILINE)
    page.set_content(SHEET.format(text=shown))
    write(page.screenshot(full_page=True), IMAGES / f"{name}.png")
    page.close()


def main() -> None:
    """Take the three pictures."""
    known = ("chromium-headless-shell", "chromium", "google-chrome")
    chromium = next(filter(None, map(shutil.which, known)), None)
    if chromium is None:
        sys.exit("connect_pictures: there is no Chromium (Debian: apt-get install chromium)")
    expect.set_options(timeout=PATIENCE * 1000)
    with demo() as city, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=QUIET)
        typed = ["見本市", "y", "y", "y", "s", "y", "y", "y"]
        begun = city.connect(typed="\n".join(typed) + "\n")
        shown = f"$ ./run madoguchi connect\n{answered(begun, typed)}"
        draw(browser, shown, PICTURES[0])
        page = browser.new_page(viewport=PHONE, device_scale_factor=2, locale="ja-JP")
        page.set_default_timeout(PATIENCE * 1000)
        become_a_friend(page, city.phone)
        open_settings(page)
        page.mouse.move(0, 0)
        page.wait_for_timeout(700)  # what moved has come to rest
        write(page.screenshot(), IMAGES / f"{PICTURES[1]}.png")
        city.run("residents", "import")
        done = city.connect("--check")
        draw(browser, f"$ ./run madoguchi connect --check\n{done}", PICTURES[2])
        browser.close()


if __name__ == "__main__":
    main()
