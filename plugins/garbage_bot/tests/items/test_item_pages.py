"""The list and its things as pages, without JavaScript: for residents and for everybody."""

import re
from datetime import datetime
from urllib.parse import quote

import pytest

from madoguchi import JST
from madoguchi.testing.visitor import Visitor
from madoguchi_garbage_bot.days.categories import contrast

LIST = "/liff/garbage_bot/list"


def things(page):
    """Name → category of what a page lists."""
    found = re.findall(
        r'class="thing">(.*?)</span><span class="badge kind-\w+">.*?</svg><span>(.*?)</span>',
        page.html,
    )
    return {re.sub("<rt>.*?</rt>|<.*?>", "", name): kind for name, kind in found}


@pytest.fixture
def stranger(town):
    """A browser of nobody in particular."""
    return Visitor(town.pages_url)


def test_who_types_a_part_finds_what_holds_it(resident):
    page = resident.opens(f"{LIST}?q={quote('ハンガー')}")
    assert things(page) == {
        "ハンガー（木）": "燃やすごみ",
        "ハンガー（プラスチック）": "プラスチック",
        "ハンガー（金属）": "燃やさないごみ",
    }
    assert "「ハンガー」 3件" in page
    assert things(resident.opens(f"{LIST}?q={quote('そうじ')}")) == {"掃除機": "粗大ごみ"}
    assert things(resident.opens(f"{LIST}?q={quote('布団と毛布')}")).keys() == {"布団", "毛布"}
    assert things(resident.opens(f"{LIST}?q=BLANK")).keys() == {"毛布"}
    assert things(resident.opens(f"{LIST}?q={quote('ブランケット')}")).keys() == {"毛布"}
    assert things(resident.opens(f"{LIST}?q={quote('ô')}")).keys() == {"傘"}


def test_what_is_not_there_is_said_with_the_telephone(resident):
    page = resident.opens(f"{LIST}?q={quote('宇宙船<b>')}")
    assert "「宇宙船&lt;b&gt;」は、一覧に見つかりませんでした。" in page
    assert 'href="tel:0100000053"' in page
    assert things(page) == {}
    page = resident.opens(f"{LIST}?q={quote('電動ぬいぐるみ')}")
    assert "もしかして、この中にありますか。" in page
    assert things(page) == {"ぬいぐるみ": "燃やすごみ"}


def test_the_form_works_without_scripts(resident):
    resident.opens(LIST)
    (action,) = re.findall(
        r'<form class="find"[^>]*method="get" action="([^"]+)"', resident.browser.page.html
    )
    assert things(resident.browser.opens(f"{action}?q={quote('布')}")).keys() >= {"布団", "毛布"}


def test_rows_of_kana_and_categories_hold_everything_once(resident):
    page = resident.opens(LIST)
    assert things(page) == {}
    rows = re.findall(r'href="(/mihon/liff/garbage_bot/list/row/\w+)"', page.html)
    kinds = re.findall(r'href="(/mihon/liff/garbage_bot/list/kind/\d)"', page.html)
    assert [row.rpartition("/")[2] for row in rows] == ["ka", "sa", "ta", "na", "ha", "ma"]
    in_rows = [name for row in rows for name in things(resident.browser.opens(row))]
    assert len(in_rows) == len(set(in_rows)) == 14
    in_kinds = [name for kind in kinds for name in things(resident.browser.opens(kind))]
    assert set(in_kinds) == set(in_rows) - {"消火器"}, "whose category is open"
    assert list(things(resident.browser.opens(rows[0]))) == ["傘"]
    for path in ("list/row/xx", "list/row/a", "list/kind/99", "item/99", "item/1~0000"):
        assert resident.opens(f"/liff/garbage_bot/{path}").status == 404


def test_long_lists_go_on(resident, monkeypatch):
    monkeypatch.setattr("madoguchi_garbage_bot.item_pages.MOST", 2)
    page = resident.opens(f"{LIST}?q={quote('ハンガー')}")
    assert len(things(page)) == 2
    (more,) = re.findall(r'class="go second" href="([^"]+)"', page.html)
    assert things(resident.browser.opens(more.replace("&amp;", "&"))).keys() == {"ハンガー（金属）"}
    for odd in ("-1", "x", "9" * 30, "٣"):
        assert resident.opens(f"{LIST}?q={quote('傘')}&from={quote(odd)}").status == 200


def test_a_thing_says_where_it_goes_and_how(resident):
    resident.opens(f"{LIST}?q={quote('ハンガー')}")
    (link, *_) = re.findall(r'href="([^"]+/item/[^"]+)"', resident.browser.page.html)
    page = resident.browser.opens(link)
    assert "<h1>ハンガー（木）</h1>" in page
    assert re.search(r'<p class="band kind-0"><svg.*</svg><span>燃やすごみ</span>', page.html)
    assert "水を切ってください。" in page
    page = resident.opens("/liff/garbage_bot/item/5")
    assert "ひもでしばってください。" in page
    assert "520円" in page
    page = resident.opens("/liff/garbage_bot/item/1")
    assert '<section class="tongue" lang="vi"><h2>Tiếng Việt</h2>' in page
    assert "<b>Ô</b>" in page
    assert "決まっていません" in resident.opens("/liff/garbage_bot/item/7")


def test_the_button_of_an_answer_leads_to_the_thing(resident):
    (said,) = resident.says("傘")
    uri = str(said).partition("'uri': '")[2].partition("'")[0]
    path = uri.partition("/garbage_bot/")[2]
    assert "<h1>傘</h1>" in resident.opens(f"/liff/garbage_bot/{path}")


def test_everybody_may_read_it_without_line(stranger):
    page = stranger.opens("/mihon/liff/garbage_bot/open/list")
    assert page.status == 200
    page = stranger.opens(f"/mihon/liff/garbage_bot/open/list?q={quote('傘')}")
    (link,) = re.findall(r'href="([^"]+/item/[^"]+)"', page.html)
    assert link.startswith("/mihon/liff/garbage_bot/open/item/")
    assert "<h1>傘</h1>" in stranger.opens(link)
    assert 'action="/mihon/liff/session/end"' not in stranger.page, "nobody is logged in"
    stranger.submits({}, "やさしい日本語")
    assert stranger.url.endswith(link), "the language changes on the same page"
    assert "<rt>かさ</rt>" in stranger.page
    assert stranger.opens("/mihon/liff/garbage_bot/open/item/99").status == 404


def test_letters_can_be_read_on_every_category(resident, town):
    page = resident.opens(LIST)
    (path,) = re.findall(r'href="(/mihon/garbage_bot/items.css\?v=\w+)"', page.html)
    styles = Visitor(town.pages_url).opens(path)
    assert styles.headers["content-type"].startswith("text/css")
    assert "immutable" in styles.headers["cache-control"]
    pairs = re.findall(r"--ground: (#\w+); --on-ground: (#\w+)", styles.html)
    assert len(pairs) == 6
    assert all(contrast(*pair) >= 4.5 for pair in pairs)


def test_the_next_day_is_that_of_the_category_in_the_residents_area(town, resident):
    at = datetime(2027, 6, 1, 10, tzinfo=JST)  # a Tuesday
    town.clock.move(at.timestamp() - town.clock.time())
    bucket, toy, umbrella, tyre = (f"/liff/garbage_bot/item/{n}" for n in (14, 11, 1, 8))
    assert "地区をえらぶと、次に集める日がわかります。" in resident.opens(bucket)
    assert "次に集める日" not in resident.opens(tyre), "no calendar has that category"
    resident.browser.posts("/mihon/liff/garbage_bot/area", [("area", "honcho")])
    assert "6月1日（火）" in resident.opens(bucket)
    assert "6月3日（木）" in resident.opens(toy)
    assert "6月9日（水）" in resident.opens(umbrella)
    assert "次に集める日" not in resident.opens(tyre)
