"""An area and a reminder, the whole way, on PostgreSQL."""

from datetime import datetime

import pytest

from madoguchi import JST
from madoguchi.testing import TestResident
from madoguchi.testing.resident import text_of


@pytest.fixture
def gateway(make_town, postgres, garbage_table):
    return make_town({"garbage_bot": garbage_table, "liff": {}}, database_url=postgres)


def test_an_area_is_chosen_and_a_reminder_comes(gateway, clock):
    def set_clock(*when):
        clock.move(datetime(*when, tzinfo=JST).timestamp() - clock.time())

    set_clock(2027, 12, 6, 10)
    who = TestResident(gateway)
    who.says("明日は何ごみ?")
    assert "プラスチック" in text_of(who.says("本町")[-1])
    assert "地区を「本郷」にしました。" in text_of(
        (who.says("地区を変える"), who.says("本郷"))[1][-1]
    )
    who.opens("/liff/garbage_bot/reminders")
    who.submits({"evening": "19:00", "kind": ["燃やすごみ"]}, "保存する")
    set_clock(2027, 12, 6, 19, 0, 1)
    (told,) = who.hears(30)
    assert text_of(told) == "明日、12月7日（火）は「燃やすごみ」の日です。"
    who.unsends(next(one["message"]["id"] for one in who.chat() if one["from"] == "resident"))
    page = who.opens("/liff/mine")
    assert "ごみの地区" in page
    assert "ごみの日の通知の記録" in page
