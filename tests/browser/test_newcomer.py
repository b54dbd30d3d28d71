"""The newcomer's path: from `./run demo` to an answer, with the phone that the demo shows."""

import re
import runpy
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, expect

pytestmark = pytest.mark.skipif(
    sys.platform != "linux", reason="the demo's processes are found in /proc"
)


@pytest.fixture(scope="module")
def demo(new_demo: Callable, tmp_path_factory: pytest.TempPathFactory) -> Iterator:
    demo = new_demo(tmp_path_factory.mktemp("browser") / "data")
    demo.start()
    yield demo
    assert demo.press_ctrl_c() == 0
    assert not demo.processes()


@pytest.fixture
def picture(page: Page, tmp_path: Path) -> Callable[[str], None]:
    """Keeps a picture of the page, and sees that nothing stands out of it."""

    def take(name: str) -> None:
        page.screenshot(path=tmp_path / f"{name}.png")
        too_wide = page.evaluate(
            """() => [document.documentElement, ...document.querySelectorAll('.log, .screen')]
            .filter((node) => node.scrollWidth > node.clientWidth).map((node) => node.className)"""
        )
        assert not too_wide, f"{name} scrolls sideways"

    return take


def chat(page: Page) -> Locator:
    return page.get_by_role("log")


def write(page: Page, words: str) -> None:
    field = page.get_by_label("メッセージ", exact=True)
    field.fill(words)
    field.press("Enter")


def test_the_newcomers_path(page: Page, demo, complaints: list[str], picture: Callable) -> None:
    page.goto(re.search(r"http://\S+", demo.output)[0])
    expect(page.get_by_role("heading", name="住民のスマートフォン")).to_be_visible()
    picture("1-nobody-yet")
    page.get_by_role("button", name="新しい住民を作る").click()
    expect(page.get_by_role("button", name="友だち追加")).to_be_visible()
    expect(page.get_by_text("見本市", exact=True).first).to_be_visible()
    picture("2-the-city")
    page.get_by_role("button", name="友だち追加").click()
    expect(chat(page)).to_contain_text("友だち追加ありがとうございます。")
    picture("3-greeted")
    write(page, "図書館")
    expect(chat(page)).to_contain_text("中央図書館 9:30-19:00")
    expect(chat(page)).to_contain_text("駅前分館 10:00-20:00")
    write(page, "駅前分館は何時まで?")
    expect(chat(page)).to_contain_text("駅前分館の開館時間は 10:00-20:00 です。")
    picture("4-answered")
    write(page, "つちのこはどこ")
    expect(chat(page)).to_contain_text("すみません、お答えできませんでした。")
    picture("5-unknown-word")
    assert not page.get_by_text("窓口に届きませんでした").count()
    said = page.locator(".row").all_inner_texts()
    page.reload()
    expect(chat(page)).to_contain_text("すみません、お答えできませんでした。")
    assert page.locator(".row").all_inner_texts() == said
    assert not complaints

    assert demo.press_ctrl_c() == 0
    expect(page.get_by_text("シミュレーターとつながっていません。")).to_be_visible()
    picture("6-the-demo-is-over")
    demo.start()
    expect(page.get_by_text("シミュレーターとつながっていません。")).to_be_hidden()
    write(page, "図書館")
    expect(page.get_by_text("中央図書館 9:30-19:00")).to_have_count(2)
    picture("7-the-next-day")
    assert page.locator(".row").all_inner_texts()[: len(said)] == said
    # While nobody was there, the browser could not but complain.
    assert all("net::ERR_" in complaint for complaint in complaints), complaints
    complaints.clear()


@pytest.mark.parametrize("name", ["phone", "ja-about", "ja-confirmed"])
def test_the_pictures_of_the_readmes_can_be_taken_anew(page: Page, demo, name: str) -> None:
    """What `tools/screenshot.py` does before it takes them."""
    script = runpy.run_path(str(Path(__file__).parents[2] / "tools" / "screenshot.py"))
    script["become_a_friend"](page, re.search(r"http://\S+", demo.output)[0])
    script["PICTURES"][name](page)
