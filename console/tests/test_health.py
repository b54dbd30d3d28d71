"""How the gateway is, in sentences; and mails to administrators, once each."""

from datetime import UTC, datetime

import pytest

from madoguchi.inside import Measures, Quota
from madoguchi_console.config import Settings
from madoguchi_console.health import describe

WELL = {
    "heard": 60.0,
    "set_aside": 0,
    "due": 0,
    "due_since": None,
    "mail_stuck": 0,
    "has_mail": True,
    "troubled": {},
    "stale": (),
    "audit_is_broken": False,
    "copied": 86400.0,
    "opened": 30 * 86400.0,
}
NOON = datetime(2026, 4, 1, 3, tzinfo=UTC)
NIGHT = datetime(2026, 4, 1, 15, tzinfo=UTC)


def say(now=NOON, quota=None, **changed):
    told = describe(Measures(**{**WELL, **changed}), quota, Settings(), now, {"toy": "おもちゃ"})
    return [one.text for one in told if not one.is_good], [one.text for one in told if one.is_good]


@pytest.mark.parametrize(
    ("changed", "sentence"),
    [
        ({"heard": 1860.0}, "LINEから30分以上、何も届いていません。"),
        ({"set_aside": 2}, "処理できなかったメッセージが2件あります。"),
        ({"due": 7, "due_since": 400.0}, "送れていないメッセージが7通あります。"),
        ({"troubled": {"ごみ": "x"}}, "「ごみ」が止まっています。"),
        ({"stale": ("toy",)}, "「おもちゃ」の新しい設定が使えず、前の設定で動いています。"),
        ({"mail_stuck": 1}, "送れないメールが1通あります。"),
        ({"audit_is_broken": True}, "操作記録の一部が、書きかえられたか、なくなっています。"),
        ({"copied": 8 * 86400.0}, "最後にバックアップをとってから、8日たちました。"),
        ({"copied": None}, "バックアップが、まだ一度もとられていません。"),
        ({"quota": Quota(1000, 950)}, "今月は1,000通のうち950通（95％）を使いました。"),
    ],
)
def test_each_trouble_is_a_sentence(changed, sentence):
    bad, good = say(**changed)
    assert bad == [sentence]
    assert "すべて動いています。" not in good


@pytest.mark.parametrize(
    "changed",
    [
        {"now": NIGHT, "heard": 8000.0},
        {"heard": None},
        {"due": 7, "due_since": 30.0},
        {"quota": Quota(None, 99)},
        {"copied": None, "opened": 86400.0},
        {"quota": Quota(1000, 10)},
    ],
)
def test_what_is_no_trouble_is_none(changed):
    bad, good = say(**changed)
    assert bad == []
    assert good[0] == "すべて動いています。"


@pytest.fixture
def town(make_town, loop_thread):
    """A city whose mail goes to the simulator's mailbox."""
    from madoguchi_simulator.clock import Clock
    from madoguchi_simulator.mailbox import Mailbox

    mailbox = Mailbox(Clock())
    server = loop_thread.run(mailbox.start(0))
    port = server.sockets[0].getsockname()[1]
    mail = {"host": f"127.0.0.1:{port}", "tls": "none", "sender": "line@mihon.example"}
    town = make_town(plugins={"console": {}}, city={"mail": mail})
    town.mailbox = mailbox
    yield town
    loop_thread.call(server.close)


def wait(town, condition, minutes=30):
    """Let minutes pass, one after the other, until something holds."""
    import time

    for _ in range(minutes):
        for _ in range(60):
            if condition():
                return
            time.sleep(0.05)
        town.clock.move(60)
    raise AssertionError([one.subject for one in town.mailbox.mails])


def test_administrators_get_one_mail_when_it_begins_and_one_when_it_is_over(town):
    from sqlalchemy import text

    from madoguchi.testing import TestStaff
    from madoguchi.unanswered import mask

    assert mask("x") == "x"
    for name in ("花子", "太郎"):
        TestStaff(town, name, admin=True)
    TestStaff(town, "職員")
    mails = town.mailbox.mails

    def trouble(db):
        db.execute(
            text(
                "INSERT INTO attempt (event_id, attempts, set_aside, at) VALUES ('x', 3, true, :at)"
            ),
            {"at": town.clock.time()},  # an old one is forgotten at the full hour
        )

    town.wait(town.running.store.write(trouble))
    wait(town, lambda: len(mails) >= 2)
    assert {tuple(one.to) for one in mails} == {
        ("staff1@mihon.example",),
        ("staff2@mihon.example",),
    }
    assert all("処理できなかったメッセージが1件あります。" in one.subject for one in mails)
    for _ in range(4):
        town.clock.move(60)
        import time

        time.sleep(1.2)
    assert len(mails) == 2, "once per trouble"
    town.wait(town.running.store.write(lambda db: db.execute(text("DELETE FROM attempt"))))
    wait(town, lambda: len(mails) >= 4)
    assert all(one.subject.startswith("【解消】") for one in mails[2:])


def test_a_mail_is_tried_again_until_it_is_taken_and_sent_once(town):
    from madoguchi.mail import queue_mail

    town.mailbox.refusal = "451 later"
    store = town.running.store

    def queue(db):
        return queue_mail(db, "a@x.example", "件名\nと改行", "本文", "one")

    assert town.wait(store.write(queue)) is True
    assert town.wait(store.write(queue)) is False, "one key, one mail"

    def tries():
        return town.wait(store.fetch("SELECT tries FROM mail"))[0][0]

    wait(town, lambda: tries() >= 2)
    assert town.mailbox.mails == []
    town.mailbox.refusal = ""
    wait(town, lambda: town.mailbox.mails)
    (mail,) = town.mailbox.mails
    assert (mail.subject, mail.text.strip(), mail.to) == ("件名 と改行", "本文", ["a@x.example"])
    assert mail.message_id.endswith("@mihon.example>")
    assert town.wait(store.fetch("SELECT state, body FROM mail")) == [("sent", "")]


def test_a_line_that_was_changed_in_the_audit_log_is_told_the_next_morning(town):
    from sqlalchemy import text

    from madoguchi.testing import TestStaff

    TestStaff(town, "花子", admin=True)
    store = town.running.store

    def sealed():
        return town.wait(store.fetch("SELECT count(*) FROM audit WHERE position IS NOT NULL"))[0][0]

    wait(town, sealed)
    town.wait(
        store.write(lambda db: db.execute(text("UPDATE audit SET actor_label = 'x'")) and None)
    )
    town.clock.move(86400)
    wait(town, lambda: any("操作記録の一部" in one.subject for one in town.mailbox.mails))
