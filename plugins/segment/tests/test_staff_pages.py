"""What staff do with deliveries, over HTTP, in a browser without JavaScript."""

import time
from datetime import datetime

import pytest

from madoguchi import JST
from madoguchi.testing import TestResident

ALL = ["segment.write", "segment.approve", "segment.audience", "segment.export"]


@pytest.fixture
def plugins():
    return {"segment": {}, "liff": {}, "console": {}}


@pytest.fixture
def desk(make_staff, gateway, clock):
    """Two people of one section, on a working day at ten."""
    wanted = datetime(2027, 4, 6, 10, tzinfo=JST)
    clock.move(wanted.timestamp() - clock.time())
    return make_staff("見本 花子", ALL), make_staff("見本 太郎", ALL)


def write(staff, **typed):
    """Fill in the form for everybody and look at the sample."""
    staff.opens("/segment/deliveries/new")
    given = {"title": "臨時休館", "m0.text.ja": "図書館は明日お休みです。", "who": "everyone"}
    return staff.submits({**given, **typed}, "見本を見る")


def told(friend):
    """Everything that stands in somebody's chat."""
    return str([entry["message"] for entry in friend.chat() if entry["from"] == "bot"])


def at_of(staff):
    """The delivery whose page is open."""
    return staff.browser.url.partition("/console")[2].partition("?")[0]


def minutes_pass(clock, done):
    """Jobs run each minute, until something is so."""
    for _ in range(8):
        clock.move(61)
        until = time.monotonic() + 5
        while time.monotonic() < until:
            if done():
                return
            time.sleep(0.1)
    raise AssertionError("it never came to that")


def test_written_seen_approved_by_another_and_sent(desk, gateway, clock):
    hanako, taro = desk
    friend = TestResident(gateway)
    page = write(hanako)
    at = at_of(hanako)
    assert "図書館は明日お休みです。" in page
    assert "1人" in page
    assert "確認を頼みました。" in hanako.submits({}, "確認を頼む")
    assert "【承認待ち】臨時休館（広報課）" in taro.opens()
    assert "図書館は明日お休みです。" in taro.opens(at)
    assert "承認しました。" in taro.submits({}, "承認して送る")
    minutes_pass(clock, lambda: 'aria-current="step">送信済み' in hanako.opens(at))
    assert "図書館は明日お休みです。" in told(friend)
