"""A restored copy sends nothing until an administrator says so, on the first page."""

import time
from datetime import UTC, datetime, timedelta

from madoguchi import deliveries, held, residents

MADE = datetime(2026, 4, 1, 3, tzinfo=UTC)


def test_an_administrator_reads_what_happened_and_lets_it_go_on(gateway, make_staff):
    def write(fn, *args, **named):
        return gateway.wait(gateway.running.store.write(fn, *args, **named))

    admin, clerk = make_staff("管理 花子", admin=True), make_staff("職員")
    assert "いまは、何も送っていません" not in admin.opens()
    write(residents.take_in, [f"U{n:032x}" for n in range(3)], MADE)
    write(held.hold, MADE, MADE + timedelta(hours=2))
    gateway.stop_worker()
    gateway.start_worker()
    write(deliveries.freeze, "console/1", [1, 2, 3], "お知らせ")
    write(deliveries.start, "console/1")
    page = clerk.opens()
    assert "始められるのは、管理する人です。" in page
    assert "送信を始める" not in page
    assert clerk.browser.posts("/mihon/console/resume", [("sure", "1")]).status == 403

    page = admin.opens()
    for words in ("14:00に、バックアップからもどしました", "12:00のバックアップです", "残り3人"):
        assert words in page
    page = admin.submits({}, "送信を始める")
    assert "確かめたら、しるしを付けてください。" in page
    assert write(held.is_held)
    page = admin.submits({"sure": "1"}, "送信を始める")
    assert "送信と受け付けを始めました。" in page
    assert "いまは、何も送っていません" not in page
    end = time.monotonic() + 30
    while write(deliveries.count, "console/1").waiting:
        assert time.monotonic() < end, "it did not go on"
        time.sleep(0.05)
    assert "バックアップからもどしたあと、送信を始めた" in admin.opens("/audit")
