"""The list of garbage in Chromium: search as one types, by keyboard, in three languages, narrow."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from madoguchi.testing import TestResident, Town

LANGUAGES = {"ja": "日本語", "ja-easy": "やさしい日本語", "en": "English"}
PATIENCE = 30_000
KINDS = [
    ("燃やすごみ", "燃《も》やす ごみ", "Burnable garbage", "burn", "#b3261e"),
    ("燃やさないごみ", "燃《も》やさない ごみ", "Non-burnable garbage", "unburn", "#ffe14d"),
    ("プラスチック", "プラスチック", "Plastic", "plastic", "#00639b"),
    ("びん・かん", "びん・かん", "Glass bottles and cans", "bottle", "#00695c"),
    ("ペットボトル", "ペットボトル", "PET bottles", "pet", "#6a4c93"),
    ("古紙・古布", "古《ふる》い 紙《かみ》・布《ぬの》", "Paper and cloth", "paper", "#7a4f01"),
    ("粗大ごみ", "大《おお》きい ごみ", "Large items", "large", "#5d4037"),
    ("有害ごみ", "危《あぶ》ない ごみ", "Hazardous waste", "hazard", "#e07b00"),
    ("市では集めません", "市《し》は 集《あつ》めません", "Not collected by the city", "none", ""),
]
THINGS = [
    ("傘", "かさ", 1, "Umbrella"),
    ("かばん（革・布・合成皮革でできた、金具の多いもの）", "かばん", 0, "Bag"),
    ("花びん", "かびん", 1, "Vase"),
    ("乾電池", "かんでんち", 7, "Battery"),
    ("菓子の袋", "かしのふくろ", 2, "Snack bag"),
    ("空きびん", "あきびん", 3, "Empty bottle"),
    ("水のペットボトル", "みずのぺっとぼとる", 4, "Water bottle"),
    ("段ボール", "だんぼーる", 5, "Cardboard"),
    ("布団", "ふとん", 6, "Futon"),
    ("タイヤ", "たいや", 8, "Tyre"),
    ("茶わん", "ちゃわん", 1, "Rice bowl"),
    ("DVD", "でぃーぶいでぃー", 1, "DVD"),
]
ITEMS = [
    f"{n},{name},{reading},{KINDS[kind][0]},金属の部分は、はずしてください。はずせないときは、"
    f"そのまま出してください。,520円,{english},Take off what is metal.,Cái {n}"
    for n, (name, reading, kind, english) in enumerate(THINGS)
]
HEAD = "番号,品名,読み,分別区分,注意点,料金,name_en,note_en,name_vi"
DESCRIBED_AS = "label,label:ja-easy,label:en,description,description:en,styles,bgcolor"
DESCRIBED = "\n".join(
    f"{ja},{easy},{en},朝8時までに出してください。,Put it out by 8 a.m.,{style},{colour}"
    for ja, easy, en, style, colour in KINDS
)


@pytest.fixture(scope="module")
def town(tmp_path_factory, loop_thread, redis_url, migrated) -> Iterator[Town]:
    """A gateway with a list of every category."""
    folder = tmp_path_factory.mktemp("garbage")
    files = {
        "items.csv": "\n".join([HEAD, *ITEMS]),
        "area_days.csv": "地名,センター,燃やすごみ\n本町,,月 木",
        "description.csv": f"{DESCRIBED_AS}\n{DESCRIBED}",
    }
    for name, text in files.items():
        (folder / name).write_text(text, "utf-8")
    table = {"dictionary": str(folder / "items.csv"), "calendar": str(folder), "section": "環境課"}
    on = {"liff": {}, "garbage_bot": table}
    with Town(folder / "town", loop_thread, redis_url, on, {}, template=migrated) as town:
        yield town


@pytest.fixture
def phone(browser: Browser, town: Town) -> Iterator[Page]:
    """A narrow window in which a resident is known."""
    who = TestResident(town)
    who.opens("/liff")
    expect.set_options(timeout=PATIENCE)
    context = browser.new_context(viewport={"width": 390, "height": 844}, locale="ja-JP")
    context.add_cookies(who.browser.session())
    page = context.new_page()
    page.set_default_timeout(PATIENCE)
    troubles: list[str] = []
    page.on("console", lambda said: said.type == "error" and troubles.append(said.text))
    page.on("pageerror", lambda error: troubles.append(str(error)))
    yield page
    context.close()
    assert not troubles


def address(town: Town, path: str) -> str:
    return f"{town.pages_url}/mihon/liff/garbage_bot/{path}"


def test_the_list_shrinks_as_one_types_and_typing_goes_on(phone, town):
    phone.goto(address(town, "list"))
    phone.wait_for_function("() => window.htmx !== undefined")
    field = phone.get_by_label("捨てたい物の名前")
    field.focus()
    phone.keyboard.type("か")
    expect(phone.locator(".things li")).to_have_count(5)
    expect(phone.get_by_role("status").first).to_have_text("5件")
    expect(field).to_be_focused()
    phone.keyboard.type("ん")
    expect(phone.locator(".things li")).to_have_count(1)
    expect(field).to_have_value("かん")
    phone.keyboard.press("Tab")
    phone.keyboard.press("Tab")
    phone.keyboard.press("Enter")
    expect(phone.get_by_role("heading", level=1)).to_have_text("乾電池")
    phone.go_back()
    expect(phone.get_by_label("捨てたい物の名前")).to_have_value("かん")
    expect(phone.locator(".things li")).to_have_count(1)


@pytest.mark.parametrize(
    ("language", "width"),
    [
        ("ja-easy", 320),
        *(pytest.param(one, 390, marks=pytest.mark.slow) for one in LANGUAGES),
        *(pytest.param(one, 320, marks=pytest.mark.slow) for one in ("ja", "en")),
    ],
)
def test_every_page_in_every_language(phone, town, look_over, keep_picture, language, width):
    phone.goto(address(town, "list"))
    phone.locator(".tongues summary").click()
    phone.get_by_role("button", name=LANGUAGES[language], exact=True).click()
    expect(phone.locator("html.easy")).to_have_count(1 if language == "ja-easy" else 0)
    pages = {
        "list": "list",
        "row": "list/row/ka",
        "kind": "list/kind/1",
        "found": "list?q=びん",
        "guess": "list?q=電動段ボール",
        "nothing": "list?q=宇宙船",
        "item": "item/1",
        "bare": "item/9",
        "open": "open/list",
        "open-item": "open/item/0",
    }
    phone.set_viewport_size({"width": width, "height": 844})
    for name, path in pages.items():
        phone.goto(address(town, path))
        keep_picture(phone, f"garbage-{name}-{language}-{width}")
        look_over(phone, f"{name} {language} {width}")
