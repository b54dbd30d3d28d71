"""Pages of collection days over HTTP, in a browser without JavaScript."""

from datetime import datetime
from urllib.parse import quote

import pytest

from madoguchi import JST
from madoguchi.testing import TestResident
from madoguchi.testing.resident import text_of
from madoguchi.testing.visitor import fetch
from madoguchi_garbage_bot.icons import draw


@pytest.fixture(autouse=True)
def at(town):
    """Set the clock of gateway and LINE; it is a Monday."""

    def set_clock(*when):
        town.clock.move(datetime(*when, tzinfo=JST).timestamp() - town.clock.time())

    set_clock(2027, 12, 6, 10)
    return set_clock


@pytest.fixture
def who(town):
    return TestResident(town)


def test_who_has_no_area_chooses_it_and_sees_the_month(who):
    page = who.opens("/liff/garbage_bot/month")
    assert "<h1>ごみの地区</h1>" in page
    page = who.opens(f"/liff/garbage_bot/area?q={quote('みなみ')}")
    assert "南町（1〜3丁目）" in page.html.partition("見つかった地区")[2].partition("一覧から")[0]
    assert "本町" not in page.html.partition("見つかった地区")[2].partition("一覧から")[0]
    page = who.opens("/liff/garbage_bot/area?q=999-0001")
    found = page.html.partition("見つかった地区")[2].partition("一覧から")[0]
    assert found.count("<button") == 2
    sent = [("area", "honcho")]
    page = who.browser.posts("/mihon/liff/garbage_bot/area", sent)
    assert "地区を「本町」にしました。" in page
    assert "2027年12月" in page
    assert "12月30日（木）の「燃やすごみ」は、12月29日（水）に変わります（年末の振替）。" in page
    assert "電話で申し込んでください。" in page
    assert 'href="webcal://' in page
    assert "燃やすごみ" in text_of(who.says("今日は何ごみ?")[-1])


def test_months_before_and_after(who):
    who.opens("/liff/garbage_bot/area")
    who.browser.posts("/mihon/liff/garbage_bot/area", [("area", "honcho")])
    page = who.opens("/liff/garbage_bot/month?m=2028-01")
    assert "2028年1月" in page
    assert "お休みです（休止期間）。" in page
    assert "2027年12月" in who.opens("/liff/garbage_bot/month?m=1999-01"), "too far away"


def test_a_month_is_open_to_everybody_in_three_languages(town):
    url = f"{town.pages_url}/mihon/garbage_bot/calendar/honcho/2027-12"
    page = fetch(url)
    assert page.status == 200
    assert "本町のごみの日" in page
    assert page.html.count("garbage-icon") > 20
    english = fetch(f"{url}?lang=en")
    assert 'lang="en"' in english
    assert "Burnable garbage" in english
    assert "<ruby>" in fetch(f"{url}?lang=ja-easy")
    assert fetch(url.replace("honcho", "nowhere")).status == 404
    assert fetch(url.replace("2027-12", "2027-13")).status == 404


def test_the_feed_moves_with_the_collection(town):
    feed = fetch(f"{town.pages_url}/mihon/garbage_bot/calendar/honcho.ics")
    assert feed.headers["content-type"].startswith("text/calendar")
    events = feed.html.split("BEGIN:VEVENT")
    (moved,) = [one for one in events if "20271229" in one and "燃やすごみ" in one]
    assert "UID:2027-12-30-" in moved
    assert "12月30日（木）から変わりました（年末の振替）" in moved.replace("\r\n ", "")
    assert not [one for one in events if "20271230" in one and "燃やす" in one]
    assert feed.html == fetch(f"{town.pages_url}/mihon/garbage_bot/calendar/honcho.ics").html


def test_every_picture_is_another():
    styles = ["burn", "unburn", "plastic", "bottle", "pet", "paper", "large", "hazard", "none"]
    assert len({draw(style) for style in styles}) == len(styles)
    assert draw("something else") == draw("none")
