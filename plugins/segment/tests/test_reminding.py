"""Who has set nothing is told so, seldom; what last month would have brought; the code on paper."""

import io
import time
from datetime import UTC, datetime, timedelta
from urllib.request import urlopen

import pytest
import segno
from sqlalchemy import select

from madoguchi import JST
from madoguchi.forms.profile import write_profile
from madoguchi.tables import resident as residents
from madoguchi.testing import TestResident
from madoguchi_segment.audiences.tables import asked
from madoguchi_segment.lately import Sent, last_month, nothing_sent, sent_last_month, tell
from madoguchi_segment.paper import draw_code

NOW = datetime(2026, 6, 15, 3, tzinfo=UTC)


@pytest.fixture
def plugins():
    return {"liff": {}, "segment": {"settings": {"remind_days": 30}}}


def pushed(resident):
    return [one["message"] for one in resident.chat() if one.get("via") == "push"]


def go_to_ten(gateway, days=1):
    """Move the clock to shortly after 10:00 in Tokyo, so many days on."""
    clock = gateway.running.services.clock
    now = clock.now().astimezone(JST)
    ten = (now + timedelta(days=days)).replace(hour=10, minute=0, second=5)
    gateway.clock.move((ten - now).total_seconds())


def times(db):
    """How often each was reminded."""
    return dict(db.execute(select(asked.c.resident_id, asked.c.times)).all())


def wait_until_run(gateway):
    """Wait until the job of this day has ended; how often it reminded whom."""
    jobs = "SELECT outcome, tick FROM job_run WHERE job = 'segment/remind' ORDER BY tick DESC"
    today = gateway.running.services.clock.now().timestamp() - 3600
    for _ in range(300):
        rows = gateway.wait(gateway.running.store.fetch(jobs))
        if rows and rows[0][1] > today and rows[0][0] in ("done", "new"):
            return gateway.wait(gateway.running.store.read(times))
        time.sleep(0.1)
    raise AssertionError("it was not run")


def number_of(gateway, resident):
    mine = select(residents.c.id).where(residents.c.line_id == resident.user_id)
    return gateway.wait(gateway.running.store.read(lambda db: db.scalar(mine)))


def test_who_has_set_nothing_is_told_so_once_in_the_time_that_staff_chose(gateway):
    unset, has_set, gone = (TestResident(gateway) for _ in range(3))
    for one in (unset, has_set, gone):
        one.says("こんにちは")
    numbers = {one: number_of(gateway, one) for one in (unset, has_set, gone)}
    store = gateway.running.store
    city = {"topics": ["city"]}
    gateway.wait(store.write(write_profile, numbers[has_set], "segment", city, NOW))
    gone.blocks()
    go_to_ten(gateway)
    wait_until_run(gateway)  # a job that is new begins with its next time
    go_to_ten(gateway)
    assert wait_until_run(gateway) == {numbers[unset]: 1}
    go_to_ten(gateway)
    assert wait_until_run(gateway) == {numbers[unset]: 1}
    go_to_ten(gateway, 29)
    assert wait_until_run(gateway) == {numbers[unset]: 2}
    for _ in range(100):
        if len(pushed(unset)) == 2:
            break
        time.sleep(0.1)
    first, second = pushed(unset)
    assert first == second
    assert first["altText"].startswith("お知らせの受け取り設定が、まだです。")
    button = first["contents"]["footer"]["contents"][0]["action"]
    assert button["uri"].endswith("/form/segment/settings")
    assert pushed(has_set) == pushed(gone) == []


def test_paper_gets_a_code_that_opens_the_settings(gateway):
    found = {}
    for kind in ("svg", "png"):
        with urlopen(f"{gateway.pages_url}/mihon/segment/qr.{kind}", timeout=10) as answer:
            found[answer.headers["content-type"]] = answer.read()
    assert b"<svg" in found["image/svg+xml"]
    assert found["image/png"].startswith(b"\x89PNG")


def test_the_code_says_the_address():
    url = "https://liff.line.me/1000000002-abcdefgh/form/segment/settings"
    file = io.BytesIO()
    segno.make(url, error="q", micro=False).save(file, kind="png", scale=20, border=4)
    assert draw_code(url, "png") == file.getvalue()
    assert b"<svg" in draw_code(url, "svg")


# Last month.

HONCHO = {"field": "segment/area", "in": ["honcho"]}


@pytest.mark.parametrize(
    ("now", "since", "until"),
    [
        ("2026-06-15T03:00Z", "2026-05-01", "2026-06-01"),
        ("2026-06-30T16:00Z", "2026-06-01", "2026-07-01"),  # 1 July in Tokyo
        ("2026-01-01T00:00Z", "2025-12-01", "2026-01-01"),
        ("2026-03-31T00:00Z", "2026-02-01", "2026-03-01"),
    ],
)
def test_last_month_is_tokyos(now, since, until):
    moment = datetime.fromisoformat(now.replace("Z", "+00:00"))
    begins, ends = last_month(moment)
    assert (begins.isoformat(), ends.isoformat()) == (
        f"{since}T00:00:00+09:00",
        f"{until}T00:00:00+09:00",
    )


def test_what_would_have_come_is_counted_with_real_titles(place, criteria):
    place.add(1, area="honcho", children=[{"birthdate": "2026-02-10"}])
    place.add(2, area="minami")
    may = datetime(2026, 5, 12, tzinfo=UTC)
    three = {"field": "segment/children", "age": {"from": {"months": 3}, "to": {"months": 3}}}
    gone = {"field": "segment/area", "in": ["nowhere"]}

    def find_sent(db, since, until):
        assert since <= may < until
        return [
            Sent("本町の断水", HONCHO, may),
            Sent("3か月健診", three, may),
            Sent("3か月健診、月のはじめ", three, may - timedelta(days=5)),
            Sent("消えた地域", gone, may),
            Sent("みなさまへ", {"everyone": True}, may),
        ]

    def titles(who):
        return place.read(sent_last_month, who, criteria, NOW, find_sent)

    assert titles(1) == ["本町の断水", "3か月健診", "みなさまへ"]
    assert titles(2) == ["みなさまへ"]
    assert place.read(sent_last_month, 1, criteria, NOW, nothing_sent) is None


def test_it_is_told_in_a_few_lines():
    def say(words, **values):
        return words.format(**values)

    assert tell(None, say) == []
    assert tell([], say) == ["この設定だと、先月に届いたお知らせは、ありません。"]
    assert tell(list("あいうえおかき"), say) == [
        "この設定だと、先月は7通届きました。",
        *(f"・{one}" for one in "あいうえお"),
        "ほか2通",
    ]
