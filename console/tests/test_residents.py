"""Looking at one resident: by the code at the counter, or for a reason; export and erasure."""

import io
import re
import urllib.parse
import urllib.request
import zipfile
from datetime import timedelta

import pytest

from madoguchi.testing import TestResident


@pytest.fixture
def plugins():
    return {"segment": {}, "liff": {}, "console": {}}


@pytest.fixture
def window(make_staff):
    return make_staff("窓口 花子", ["console.residents"], section="市民課")


def code_of(resident):
    resident.opens("/liff/mine/counter")
    page = resident.submits({}, "番号を出す")
    return re.search(r'class="digits"[^>]*>(\d{3} \d{3})<', page.html)[1]


def type_code(window, code):
    window.opens("/residents")
    return window.submits({"code": code}, "開く")


def number_of(gateway, resident):
    rows = gateway.wait(gateway.running.store.fetch("SELECT id, line_id FROM resident"))
    return next(number for number, line_id in rows if line_id == resident.user_id)


def test_the_code_at_the_counter_opens_one_resident_once(gateway, window, make_staff):
    TestResident(gateway, "ほかの人")
    hanako = TestResident(gateway)
    number, code = number_of(gateway, hanako), code_of(hanako)
    page = type_code(window, code)
    assert f"<h1>登録番号 {number}</h1>" in page
    assert "窓口で本人から番号を聞いた" in page
    assert type_code(window, code).status == 422, "a code is good for one look"
    assert window.opens(f"/residents/{number}").status == 200
    assert window.opens(f"/residents/{number - 1}").status == 404
    other = make_staff("市民課 太郎", ["console.residents"])
    assert other.opens(f"/residents/{number}").status == 404, "each for themselves"
    admin = make_staff("管理 花子", admin=True)
    told = admin.opens("/audit?action=resident.look")
    assert "窓口 花子" in told
    assert "窓口で本人から番号を聞いた" in told
    hanako.opens("/liff/mine")
    assert "情報を見た" in hanako.browser.page


def test_a_code_ends_after_ten_minutes_and_with_a_new_one(gateway, window, clock):
    hanako = TestResident(gateway)
    old = code_of(hanako)
    hanako.submits({}, "新しい番号を出す")
    new = re.search(r'class="digits"[^>]*>(\d{3} \d{3})<', hanako.browser.page.html)[1]
    assert type_code(window, old).status == 422
    clock.move(601)
    assert type_code(window, new).status == 422


def test_guessing_ends_after_five_tries(gateway, window, clock):
    code = code_of(TestResident(gateway))
    for _ in range(5):
        assert type_code(window, "000000").status == 422
    page = type_code(window, code)
    assert page.status == 422
    assert "15分のあいだ使えません" in page


def test_a_look_ends_after_ten_minutes(gateway, window):
    hanako = TestResident(gateway)
    type_code(window, code_of(hanako))
    window.waits(timedelta(minutes=10, seconds=1))
    assert window.opens(f"/residents/{number_of(gateway, hanako)}").status == 404


@pytest.mark.parametrize(
    ("typed", "words"),
    [
        ({"reason": "phone", "words": "登録の訂正"}, "登録番号を数字で"),
        ({"number": "999", "reason": "phone", "words": "登録の訂正"}, "その番号の人はいません"),
        ({"number": "1", "reason": "", "words": "登録の訂正"}, "理由を選んでください"),
        ({"number": "1", "reason": "phone", "words": ""}, "用件かを書いてください"),
        ({"number": "1", "reason": "counter", "words": "登録の訂正"}, "理由を選んでください"),
    ],
)
def test_without_a_reason_nobody_is_looked_at(gateway, window, typed, words):
    TestResident(gateway)
    window.opens("/residents")
    sent = [(name, value) for name, value in typed.items()]
    page = window.browser.posts("/mihon/console/residents", sent)
    assert page.status == 422
    assert words in page
    assert window.opens("/residents/1").status == 404


def download(gateway, staff, path):
    cookie = "; ".join(f"{one.name}={one.value}" for one in staff.browser.cookies)
    headers = {"cookie": cookie, "sec-fetch-site": "same-origin"}
    address = f"{gateway.pages_url}/mihon/console{path}"
    with urllib.request.urlopen(urllib.request.Request(address, b"", headers)) as answer:
        return answer.read()


def test_a_copy_is_made_and_everything_is_erased(gateway, window, make_staff):
    hanako = TestResident(gateway)
    number = number_of(gateway, hanako)
    sent = [("number", str(number)), ("reason", "paper"), ("words", "開示の請求 8-12")]
    assert window.browser.posts("/mihon/console/residents", sent).status == 200
    packed = zipfile.ZipFile(io.BytesIO(download(gateway, window, f"/residents/{number}/copy")))
    assert any(name.endswith(".json") for name in packed.namelist())
    window.opens(f"/residents/{number}/erase")
    assert window.submits({"again": "0"}, "消す").status == 422
    page = window.submits({"again": str(number)}, "消す")
    assert f"登録番号 {number} の情報を消しました" in page
    assert window.opens(f"/residents/{number}").status == 404
    admin = make_staff("管理 花子", admin=True)
    told = admin.opens("/audit?kind=staff").html
    assert "写しを作った" in told
    assert "住民の情報を消しはじめた" in told


def test_words_that_nobody_could_answer_are_counted_by_week(gateway, window):
    hanako = TestResident(gateway)
    for text in ("でんちの捨て方", "でんちの捨て方？", "デンチ"):
        hanako.says(text)
    page = window.opens("/unanswered")
    assert 'でんちの捨て方</td><td class="number">2</td>' in page
    assert "3件" in page
    week = urllib.parse.quote("2020-01-01")
    assert "この週は、ありませんでした。" in window.opens(f"/unanswered?week={week}")
    assert window.opens("/unanswered?week=x").status == 200
